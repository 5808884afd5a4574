with raw_opportunities as (

    {{ sojourn.raw_table('salesforce', 'opportunities', [
        'id', 'account_id', 'name', 'stage_name', 'amount', 'currency_iso_code', 'close_date',
        'is_closed', 'is_won', 'type', 'lead_source', 'campaign_id', 'created_date',
        'last_modified_date', 'is_deleted',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('id') }} as opportunity_id,
        {{ sojourn.clean('account_id') }} as account_id,
        {{ sojourn.clean('campaign_id') }} as campaign_id,
        trim(name) as opportunity_name,
        {{ sojourn.clean('stage_name') }} as stage_name,
        trim(type) as opportunity_type,
        {{ sojourn.clean('lead_source') }} as lead_source,
        upper({{ sojourn.clean('currency_iso_code') }}) as currency,
        {{ sojourn.money('amount') }} as amount,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        coalesce({{ sojourn.boolean('is_closed') }}, false) as is_closed,
        coalesce({{ sojourn.boolean('is_won') }}, false) as is_won,
        coalesce({{ sojourn.boolean('is_deleted') }}, false) as is_deleted,
        cast({{ sojourn.parse_timestamp('close_date') }} as date) as close_date,
        {{ sojourn.parse_timestamp('created_date') }} as created_at,
        coalesce(
            {{ sojourn.parse_timestamp('last_modified_date') }},
            {{ sojourn.parse_timestamp('created_date') }}
        ) as modified_at,
        _loaded_at as loaded_at

    from raw_opportunities

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['opportunity_id'],
            times=['modified_at'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
