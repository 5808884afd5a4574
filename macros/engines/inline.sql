{# `as {{ sojourn.inline() }} (`: a CTE over a large table that is read more than once. DuckDB and
   PostgreSQL would keep a copy of all its rows and columns in between, and neither filters nor
   columns that are not asked for would save them from it. Spark never keeps one. #}
{% macro inline() -%}
    {{ return(adapter.dispatch('inline', 'sojourn')()) }}
{%- endmacro %}

{% macro default__inline() -%}
    {{ return('not materialized') }}
{%- endmacro %}

{% macro spark__inline() -%}
    {{ return('') }}
{%- endmacro %}
