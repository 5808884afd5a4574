with raw_campaigns as (

    {{ sojourn.raw_table('salesforce', 'campaigns', [
        'id', 'name', 'type', 'status', 'start_date', 'end_date', 'is_active', 'budgeted_cost',
        'actual_cost', 'created_date', 'last_modified_date', 'is_deleted',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('id') }} as campaign_id,
        trim(name) as campaign_name,
        trim(type) as campaign_type,
        {{ sojourn.clean('status') }} as status,
        {{ sojourn.money('budgeted_cost') }} as budgeted_cost,
        {{ sojourn.money('actual_cost') }} as actual_cost,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        coalesce({{ sojourn.boolean('is_active') }}, false) as is_active,
        coalesce({{ sojourn.boolean('is_deleted') }}, false) as is_deleted,
        cast({{ sojourn.parse_timestamp('start_date') }} as date) as start_date,
        cast({{ sojourn.parse_timestamp('end_date') }} as date) as end_date,
        {{ sojourn.parse_timestamp('created_date') }} as created_at,
        coalesce(
            {{ sojourn.parse_timestamp('last_modified_date') }},
            {{ sojourn.parse_timestamp('created_date') }}
        ) as modified_at,
        _loaded_at as loaded_at

    from raw_campaigns

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['campaign_id'],
            times=['modified_at'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
