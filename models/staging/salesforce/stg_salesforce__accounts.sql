with raw_accounts as (

    {{ sojourn.raw_table('salesforce', 'accounts', [
        'id', 'name', 'website', 'industry', 'billing_country', 'created_date',
        'last_modified_date', 'is_deleted', 'billing_country__standard',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('id') }} as account_id,
        trim(name) as account_name,
        {{ sojourn.clean('website') }} as website,
        {{ sojourn.clean('industry') }} as industry,
        coalesce(billing_country__standard, {{ sojourn.country_code('billing_country') }})
            as country,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        coalesce({{ sojourn.boolean('is_deleted') }}, false) as is_deleted,
        {{ sojourn.parse_timestamp('created_date') }} as created_at,
        coalesce(
            {{ sojourn.parse_timestamp('last_modified_date') }},
            {{ sojourn.parse_timestamp('created_date') }}
        ) as modified_at,
        _loaded_at as loaded_at

    from raw_accounts

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['account_id'],
            times=['modified_at'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
