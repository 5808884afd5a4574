{# `gather_statistics(relation)`: tell the planner what a table that was just written holds, if it is new
   or a tenth of it is another since it was told. Without it PostgreSQL takes new tables for tiny and
   compares each row with each. Elsewhere nothing. #}
{% macro gather_statistics(relation) -%}
    {{ return(adapter.dispatch('gather_statistics', 'sojourn')(relation)) }}
{%- endmacro %}

{% macro default__gather_statistics(relation) -%}
{%- endmacro %}

{% macro postgres__gather_statistics(relation) -%}
    {%- if execute and run_query(
        sojourn.stale_tables() ~ " and pg_class.oid = cast('" ~ relation ~ "' as regclass)"
    ).rows -%}
        {%- do run_query('analyze ' ~ relation) -%}
    {%- endif -%}
{%- endmacro %}

{# Of what the running transaction writes, only how much larger it has made the table counts already. #}
{% macro stale_tables() -%}
    select pg_stat_all_tables.schemaname, pg_stat_all_tables.relname
    from pg_stat_all_tables
    inner join pg_class on pg_stat_all_tables.relid = pg_class.oid
    where
        pg_class.relkind = 'r'
        and (
            pg_class.reltuples < 0
            or pg_relation_size(pg_class.oid)
                > 1.1 * cast(current_setting('block_size') as integer) * pg_class.relpages
            or pg_stat_all_tables.n_mod_since_analyze > 0.1 * pg_class.reltuples
        )
{%- endmacro %}

{# The same for a temporary table, at once. #}
{% macro gather_statistics_now(table) -%}
    {%- if target.type == 'postgres' -%}
        {%- do run_query('analyze ' ~ table) -%}
    {%- endif -%}
{%- endmacro %}

{# The same for the raw tables, at the start of a run. #}
{% macro gather_raw_statistics() -%}
    {%- if execute and target.type == 'postgres' -%}
        {%- set tables = run_query(
            sojourn.stale_tables() ~ " and schemaname like 'raw%' order by 1, 2"
        ).rows -%}
        {%- for schema, table in tables -%}
            {%- do run_query('analyze ' ~ adapter.quote(schema) ~ '.' ~ adapter.quote(table)) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# Before a model runs. Every join here is of whole sets; PostgreSQL, which takes the output of a
   window function for a handful of rows, would otherwise compare each row with each. To compile the
   expressions of a model takes longer than it saves: a day's build would take three times as long. #}
{% macro prepare_session() -%}
    {{ return(adapter.dispatch('prepare_session', 'sojourn')()) }}
{%- endmacro %}

{% macro default__prepare_session() -%}
    {{ return('') }}
{%- endmacro %}

{% macro postgres__prepare_session() -%}
    {{ return('set enable_nestloop = off; set jit = off') }}
{%- endmacro %}
