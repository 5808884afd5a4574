{# Scratch tables: what a materialization computes on the way. Temporary tables, or on Spark, which
   has none, tables of a schema of the model's own, `<schema>_<model>_scratch`, each under a temporary
   view: to change one is to write another and to move the view. (A cached view would not do: Spark
   resolves views down to their files, and twenty that read each other in turn make a plan without
   end.) #}

{# Before the first scratch table and after the last. #}
{% macro clear_scratch() -%}
    {{ return(adapter.dispatch('clear_scratch', 'sojourn')()) }}
{%- endmacro %}

{% macro default__clear_scratch() -%}
{%- endmacro %}

{% macro spark__clear_scratch() -%}
    {%- do run_query('drop schema if exists ' ~ sojourn.scratch_schema() ~ ' cascade') -%}
{%- endmacro %}

{% macro scratch_schema() -%}
    {{ return([this.schema, this.identifier, 'scratch'] | join('_')) }}
{%- endmacro %}

{# `call scratch('name')` around a select makes a scratch table, in the place of one of that name. #}
{% macro scratch(name) -%}
    {{ return(adapter.dispatch('create_scratch', 'sojourn')(name, caller())) }}
{%- endmacro %}

{% macro default__create_scratch(name, sql) -%}
    {%- do sojourn.drop_scratch([name]) -%}
    {%- call statement('scratch', auto_begin=False) -%}
        create temporary table {{ name }} as
        {{ sql }}
    {%- endcall -%}
    {%- do sojourn.gather_statistics_now(name) -%}
{%- endmacro %}

{% macro spark__create_scratch(name, sql) -%}
    {%- set schema = sojourn.scratch_schema() -%}
    {%- set table = schema ~ '.' ~ name ~ modules.datetime.datetime.now().strftime('_%H%M%S%f') -%}
    {%- do run_query('create schema if not exists ' ~ schema) -%}
    {%- call statement('scratch', auto_begin=False) -%}
        create table {{ table }} using parquet as
        {{ sql }}
    {%- endcall -%}
    {%- do run_query('create or replace temporary view ' ~ name ~ ' as select * from ' ~ table) -%}
{%- endmacro %}

{# `call scratch_rows('name')` around a select adds its rows; columns in the table's order. #}
{% macro scratch_rows(name) -%}
    {{ return(adapter.dispatch('insert_scratch', 'sojourn')(name, caller())) }}
{%- endmacro %}

{% macro default__insert_scratch(name, sql) -%}
    {%- call statement('scratch', auto_begin=False) -%}
        insert into {{ name }}
        {{ sql }}
    {%- endcall -%}
    {%- do sojourn.gather_statistics_now(name) -%}
{%- endmacro %}

{% macro spark__insert_scratch(name, sql) -%}
    {%- do sojourn.spark__create_scratch(
        name, 'select * from ' ~ name ~ ' union all select * from (' ~ sql ~ ') as added'
    ) -%}
{%- endmacro %}

{# `delete_scratch('name', 'node in (select ...)')`: the condition may not be NULL. #}
{% macro delete_scratch(name, condition) -%}
    {{ return(adapter.dispatch('delete_scratch', 'sojourn')(name, condition)) }}
{%- endmacro %}

{% macro default__delete_scratch(name, condition) -%}
    {%- do run_query('delete from ' ~ name ~ ' where ' ~ condition) -%}
{%- endmacro %}

{% macro spark__delete_scratch(name, condition) -%}
    {%- do sojourn.spark__create_scratch(
        name, 'select * from ' ~ name ~ ' where not (' ~ condition ~ ')'
    ) -%}
{%- endmacro %}

{# Takes the place of one of the new name. #}
{% macro rename_scratch(name, new_name) -%}
    {%- do sojourn.drop_scratch([new_name]) -%}
    {%- do run_query(
        'alter ' ~ sojourn.scratch_kind() ~ ' ' ~ name ~ ' rename to ' ~ new_name
    ) -%}
{%- endmacro %}

{% macro drop_scratch(names) -%}
    {%- for name in names -%}
        {%- do run_query('drop ' ~ sojourn.scratch_kind() ~ ' if exists ' ~ name) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro scratch_kind() -%}
    {{ return(adapter.dispatch('scratch_kind', 'sojourn')()) }}
{%- endmacro %}

{% macro default__scratch_kind() -%}
    {{ return('table') }}
{%- endmacro %}

{% macro spark__scratch_kind() -%}
    {{ return('view') }}
{%- endmacro %}
