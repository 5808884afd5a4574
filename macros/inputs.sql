{# `raw_table(source, table, columns)`: a raw table as staging may read it. Selects the columns (all
   text; NULL where the raw table lacks one) and the load's metadata, from complete loads that the
   raw gate did not reject, known at `run_at()`. A source that is not loaded is an empty relation,
   so that the project works with one source or twenty. #}
{% macro raw_table(source, table, columns) -%}
    {%- set metadata = ['_file', '_line', '_row_id', '_loaded_at', '_dlt_load_id'] -%}
    {%- set types = {'_line': sojourn.type_bigint(), '_loaded_at': sojourn.type_timestamp()} -%}
    {%- set schema = 'raw_' ~ source -%}
    {%- set relation = adapter.get_relation(target.database, schema, table) if execute else none -%}
    {%- set found = [] -%}
    {%- if relation is not none -%}
        {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- endif -%}
    select
    {%- for column in columns + metadata %}
        {%- set type = types.get(column, sojourn.type_string()) %}
        {% if column in found -%}
            cast({{ relation }}.{{ adapter.quote(column) }} as {{ type }}) as {{ adapter.quote(column) if column.startswith('_') or column in ('timestamp', 'type', 'name', 'group', 'user') else column }}
        {%- else -%}
            cast(null as {{ type }}) as {{ adapter.quote(column) if column.startswith('_') or column in ('timestamp', 'type', 'name', 'group', 'user') else column }}
        {%- endif -%}
        {{ ',' if not loop.last }}
    {%- endfor %}
    {% if relation is none -%}
    from (select 1 as nothing) as nowhere
    where 1 = 0
    {%- else -%}
    {%- set loads = adapter.get_relation(target.database, schema, '_dlt_loads') -%}
    {%- set rejected = adapter.get_relation(target.database, schema, 'rejected_loads') -%}
    from {{ relation }}
    where
        ({{ relation }}._loaded_at is null or {{ relation }}._loaded_at <= {{ sojourn.run_at() }})
        {%- if loads is not none %}
        and (
            {{ relation }}._dlt_load_id is null
            or {{ relation }}._dlt_load_id in (
                select loads.load_id from {{ loads }} as loads where loads.status = 0
                {%- if rejected is not none %}
                and loads.load_id not in (select rejected.load_id from {{ rejected }} as rejected)
                {%- endif %}
            )
        )
        {%- endif %}
    {%- endif %}
{%- endmacro %}

{# `union_inputs('orders')`: the rows of every `orders_from_<source>` in the list `inputs`. #}
{% macro union_inputs(entity) -%}
    {%- for source in var('inputs')[entity] %}
    select * from {{ ref('sojourn', entity ~ '_from_' ~ source) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
