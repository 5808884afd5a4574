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

{# `as {{ sojourn.worked_out_once() }} (`: a CTE that is read more than once and whose columns are dear to
   work out. PostgreSQL keeps a copy, since it would work them out on each read, those of rows that a
   join throws away, too. The others work out what is asked for where it is asked for. #}
{% macro worked_out_once() -%}
    {{ return(adapter.dispatch('worked_out_once', 'sojourn')()) }}
{%- endmacro %}

{% macro default__worked_out_once() -%}
    {{ return(sojourn.inline()) }}
{%- endmacro %}

{% macro postgres__worked_out_once() -%}
    {{ return('materialized') }}
{%- endmacro %}
