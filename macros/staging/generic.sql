{# The raw tables that the generic connectors `file` and `table` keep for an entity: a list of
   (source, schema, table, connector). Empty while parsing, and where nothing is registered. #}
{% macro generic_tables(entity) -%}
    {%- set found = [] -%}
    {%- if execute and adapter.get_relation(target.database, 'raw_registry', 'sources') is not none -%}
        {%- set registered = run_query(
            "select distinct source, raw_schema, raw_table, connector from raw_registry.sources"
            ~ " where connector in ('file', 'table') and entity = '" ~ entity ~ "'"
            ~ " order by source, raw_schema, raw_table"
        ) -%}
        {%- for row in registered.rows -%}
            {%- do found.append((row[0], row[1], row[2], row[3])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{# `generic_rows(entity, columns)`: the union of an entity's generic raw tables, as `raw_table` reads
   them, with the registered source's name as `source_name`. Without any, an empty relation. #}
{% macro generic_rows(entity, columns) -%}
    {%- set tables = sojourn.generic_tables(entity) -%}
    {%- for source, schema, table, connector in tables or [('nothing', 'raw_nothing', 'nothing', '')] -%}
    select
        cast({{ sojourn.text_literal(source) }} as {{ sojourn.type_string() }}) as source_name,
        rows_of_source.*
    from (
        {{ sojourn.raw_table(
            schema | replace('raw_', '', 1), table, columns + ['identifiers'],
            in_place=connector == 'table'
        ) }}
    ) as rows_of_source
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# The rows that loading quarantined of the generic `file` sources, as `quarantined_rows` has them. #}
{% macro generic_quarantine() -%}
    {%- set sources = [] -%}
    {%- if execute and adapter.get_relation(target.database, 'raw_registry', 'sources') is not none -%}
        {%- for row in run_query(
            "select distinct source from raw_registry.sources where connector = 'file' order by source"
        ).rows -%}
            {%- do sources.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for source in sources or ['nothing'] %}
    select
        {{ sojourn.text_literal(source) }} as source,
        'load' as stage,
        table_name,
        cast(null as {{ sojourn.type_string() }}) as row_id,
        reason,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        _loaded_at as loaded_at

    from ({{ sojourn.raw_table(source, 'quarantine', ['table_name', 'reason']) }}) as quarantine
    {{ 'union all' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
