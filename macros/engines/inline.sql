{# `as {{ sojourn.inline() }} (`: a CTE that is read more than once and must not be kept in between,
   since it is as wide and long as the raw data. Spark never keeps one. #}
{% macro inline() -%}
    {{ return(adapter.dispatch('inline', 'sojourn')()) }}
{%- endmacro %}

{% macro default__inline() -%}
    {{ return('') }}
{%- endmacro %}

{% macro duckdb__inline() -%}
    {{ return('not materialized') }}
{%- endmacro %}

{% macro postgres__inline() -%}
    {{ return('not materialized') }}
{%- endmacro %}
