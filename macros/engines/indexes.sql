{# `index_changes(relation)`: make an index on `changed_in`, by which runs find what is new to them, if the
   table keeps it and has none. Without one PostgreSQL reads all of the history to find a day. The
   others skip what is older by what they know of each piece of a table. #}
{% macro index_changes(relation) -%}
    {{ return(adapter.dispatch('index_changes', 'sojourn')(relation)) }}
{%- endmacro %}

{% macro default__index_changes(relation) -%}
{%- endmacro %}

{% macro postgres__index_changes(relation) -%}
    {%- if execute and config.get('materialized') not in ['view', 'table'] -%}
        {%- set missing -%}
        select pg_attribute.attname
        from pg_attribute
        where
            pg_attribute.attrelid = cast('{{ relation }}' as regclass)
            and pg_attribute.attname = 'changed_in'
            and not exists (
                select 1
                from pg_index
                where
                    pg_index.indrelid = pg_attribute.attrelid
                    and pg_index.indkey[0] = pg_attribute.attnum
            )
        {%- endset -%}
        {%- if run_query(missing).rows -%}
            {%- do run_query('create index on ' ~ relation ~ ' (changed_in)') -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
