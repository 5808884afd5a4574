{# The contract's type names, as each engine spells them. #}
{% macro type_string() %}{{ return(adapter.dispatch('type_string', 'sojourn')()) }}{% endmacro %}
{% macro default__type_string() %}{{ return('varchar') }}{% endmacro %}
{% macro postgres__type_string() %}{{ return('text') }}{% endmacro %}
{% macro spark__type_string() %}{{ return('string') }}{% endmacro %}

{% macro type_double() %}{{ return(adapter.dispatch('type_double', 'sojourn')()) }}{% endmacro %}
{% macro default__type_double() %}{{ return('double') }}{% endmacro %}
{% macro postgres__type_double() %}{{ return('double precision') }}{% endmacro %}

{% macro type_money() %}{{ return('decimal(18,2)') }}{% endmacro %}
{% macro type_bigint() %}{{ return('bigint') }}{% endmacro %}
{% macro type_timestamp() %}{{ return('timestamp') }}{% endmacro %}

{# `text_literal(text)`: a constant text as SQL. Spark alone reads backslashes in it as escapes. #}
{% macro text_literal(text) %}{{ return(adapter.dispatch('text_literal', 'sojourn')(text)) }}{% endmacro %}
{% macro default__text_literal(text) %}{{ return("'" ~ text | replace("'", "''") ~ "'") }}{% endmacro %}
{% macro spark__text_literal(text) %}
    {{ return("'" ~ text | replace('\\', '\\\\') | replace("'", "\\'") ~ "'") }}
{% endmacro %}
