-- Rows that loading could not read, and rows that staging cannot use, in one place.
with quarantined_by_loading as (
    {% for source in var('judged') if source != 'generic' %}
    select
        '{{ source }}' as source,
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
    {% endfor %}
),

quarantined_generic as (

    {{ sojourn.generic_quarantine() }}

),

quarantined_by_staging as (
    {% for source, models in var('judged').items() %}
    {%- set last_source = loop.last -%}
    {%- for model in models %}
    select
        {{ 'source_name' if source == 'generic' else "'" ~ source ~ "'" }} as source,
        'staging' as stage,
        '{{ model.split('__') | last }}' as table_name,
        row_id,
        quarantine_reason as reason,
        file_path,
        load_id,
        file_line,
        loaded_at

    from {{ ref('sojourn', model) }}
    where quarantine_reason is not null
    {{ 'union all' if not (last_source and loop.last) }}
    {% endfor %}
    {%- endfor %}
),

quarantined_rows as (

    select * from quarantined_by_loading

    union all

    select * from quarantined_generic

    union all

    select * from quarantined_by_staging

)

select * from quarantined_rows
