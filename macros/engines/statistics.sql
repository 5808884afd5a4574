{# `gather_statistics(relation)`: tell the planner what a table that was just written holds. Without
   it PostgreSQL takes new tables for tiny and compares each row with each. Elsewhere nothing. #}
{% macro gather_statistics(relation) -%}
    {{ return(adapter.dispatch('gather_statistics', 'sojourn')(relation)) }}
{%- endmacro %}

{% macro default__gather_statistics(relation) -%}
    {{ return('') }}
{%- endmacro %}

{% macro postgres__gather_statistics(relation) -%}
    {{ return('analyze ' ~ relation) }}
{%- endmacro %}

{# The same for a temporary table, at once. #}
{% macro gather_statistics_now(table) -%}
    {%- if target.type == 'postgres' -%}
        {%- do run_query('analyze ' ~ table) -%}
    {%- endif -%}
{%- endmacro %}

{# The same for all raw tables, at the start of a run. #}
{% macro gather_raw_statistics() -%}
    {%- if execute and target.type == 'postgres' -%}
        {%- set tables = run_query(
            "select schemaname, tablename from pg_tables where schemaname like 'raw%' order by 1, 2"
        ).rows -%}
        {%- for schema, table in tables -%}
            {%- do run_query('analyze ' ~ adapter.quote(schema) ~ '.' ~ adapter.quote(table)) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# Before a model runs. Every join here is of whole sets; PostgreSQL, which takes the output of a
   window function for a handful of rows, would otherwise compare each row with each. #}
{% macro prepare_session() -%}
    {{ return(adapter.dispatch('prepare_session', 'sojourn')()) }}
{%- endmacro %}

{% macro default__prepare_session() -%}
    {{ return('') }}
{%- endmacro %}

{% macro postgres__prepare_session() -%}
    {{ return('set enable_nestloop = off') }}
{%- endmacro %}
