{# A whole number of up to 38 digits. #}
{% macro type_wide_integer() %}
    {{ return(adapter.dispatch('type_wide_integer', 'sojourn')()) }}
{% endmacro %}
{% macro default__type_wide_integer() %}{{ return('decimal(38,0)') }}{% endmacro %}
{% macro duckdb__type_wide_integer() %}{{ return('hugeint') }}{% endmacro %}
{% macro postgres__type_wide_integer() %}{{ return('numeric(38,0)') }}{% endmacro %}

{# `whole_quotient(dividend, divisor)`: the quotient of two whole numbers without its fraction.
   Neither may be negative; `%` gives the rest on every engine. #}
{% macro whole_quotient(dividend, divisor) -%}
    {{ adapter.dispatch('whole_quotient', 'sojourn')(dividend, divisor) }}
{%- endmacro %}

{% macro default__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) div ({{ divisor }}))
{%- endmacro %}

{% macro duckdb__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) // ({{ divisor }}))
{%- endmacro %}

{% macro postgres__whole_quotient(dividend, divisor) -%}
    div(({{ dividend }}), ({{ divisor }}))
{%- endmacro %}
