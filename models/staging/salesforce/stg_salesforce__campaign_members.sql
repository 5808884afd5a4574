with raw_campaign_members as (

    {{ sojourn.raw_table('salesforce', 'campaign_members', [
        'id', 'campaign_id', 'lead_id', 'contact_id', 'status', 'has_responded',
        'first_responded_date', 'created_date', 'last_modified_date', 'is_deleted',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('id') }} as member_id,
        {{ sojourn.clean('campaign_id') }} as campaign_id,
        {{ sojourn.clean('lead_id') }} as lead_id,
        {{ sojourn.clean('contact_id') }} as contact_id,
        {{ sojourn.clean('status') }} as status,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        coalesce({{ sojourn.boolean('has_responded') }}, false) as has_responded,
        coalesce({{ sojourn.boolean('is_deleted') }}, false) as is_deleted,
        {{ sojourn.parse_timestamp('first_responded_date') }} as first_responded_at,
        {{ sojourn.parse_timestamp('created_date') }} as created_at,
        coalesce(
            {{ sojourn.parse_timestamp('last_modified_date') }},
            {{ sojourn.parse_timestamp('created_date') }}
        ) as modified_at,
        _loaded_at as loaded_at

    from raw_campaign_members

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['member_id', 'campaign_id'],
            times=['modified_at'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
