{# The raw tables that the generic connectors `file` and `table` keep for an entity: a list of
   (source, schema, table). Empty while parsing, and where nothing is registered. #}
{% macro generic_tables(entity) -%}
    {%- set found = [] -%}
    {%- if execute and adapter.get_relation(target.database, 'raw_registry', 'sources') is not none -%}
        {%- set registered = run_query(
            "select distinct source, raw_schema, raw_table from raw_registry.sources"
            ~ " where connector in ('file', 'table') and entity = '" ~ entity ~ "'"
            ~ " order by source, raw_schema, raw_table"
        ) -%}
        {%- for row in registered.rows -%}
            {%- do found.append((row[0], row[1], row[2])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{# `generic_rows(entity, columns)`: the union of an entity's generic raw tables, as `raw_table` reads
   them, with the registered source's name as `source_name`. Without any, an empty relation. #}
{% macro generic_rows(entity, columns) -%}
    {%- set tables = sojourn.generic_tables(entity) -%}
    {%- for source, schema, table in tables or [('nothing', 'raw_nothing', 'nothing')] -%}
    select
        cast('{{ source | replace("'", "''") }}' as {{ sojourn.type_string() }}) as source_name,
        rows_of_source.*
    from (
        {{ sojourn.raw_table(schema | replace('raw_', '', 1), table, columns + ['identifiers']) }}
    ) as rows_of_source
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}
