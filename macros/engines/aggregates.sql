{# `joined_text(expression, separator, position)`: an aggregate, the texts joined in the order of
   `position`, a whole number that does not repeat within the group. NULLs are left out. #}
{% macro joined_text(expression, separator, position) -%}
    {{ adapter.dispatch('joined_text', 'sojourn')(expression, separator, position) }}
{%- endmacro %}

{% macro default__joined_text(expression, separator, position) -%}
    listagg({{ expression }}, '{{ separator }}') within group (order by {{ position }})
{%- endmacro %}

{% macro duckdb__joined_text(expression, separator, position) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ position }})
{%- endmacro %}

{% macro postgres__joined_text(expression, separator, position) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ position }})
{%- endmacro %}
