with raw_leads as (

    {{ sojourn.raw_table('salesforce', 'leads', [
        'id', 'first_name', 'last_name', 'company', 'email', 'phone', 'city', 'postal_code',
        'country', 'lead_source', 'status', 'is_converted', 'converted_date', 'converted_account_id',
        'converted_contact_id', 'converted_opportunity_id', 'created_date', 'last_modified_date',
        'is_deleted', 'email__standard', 'phone__standard', 'first_name__standard',
        'last_name__standard', 'country__standard',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('id') }} as lead_id,
        {{ sojourn.clean('converted_account_id') }} as converted_account_id,
        {{ sojourn.clean('converted_contact_id') }} as converted_contact_id,
        {{ sojourn.clean('converted_opportunity_id') }} as converted_opportunity_id,
        email__standard as email,
        phone__standard as phone,
        coalesce(first_name__standard, {{ sojourn.clean('first_name') }}) as first_name,
        coalesce(last_name__standard, {{ sojourn.clean('last_name') }}) as last_name,
        {{ sojourn.clean('city') }} as city,
        {{ sojourn.clean('postal_code') }} as postal_code,
        coalesce(country__standard, {{ sojourn.country_code('country') }}) as country,
        {{ sojourn.clean('company') }} as company,
        {{ sojourn.clean('lead_source') }} as lead_source,
        {{ sojourn.clean('status') }} as status,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        coalesce({{ sojourn.boolean('is_converted') }}, false) as is_converted,
        coalesce({{ sojourn.boolean('is_deleted') }}, false) as is_deleted,
        {{ sojourn.parse_timestamp('converted_date') }} as converted_at,
        {{ sojourn.parse_timestamp('created_date') }} as created_at,
        coalesce(
            {{ sojourn.parse_timestamp('last_modified_date') }},
            {{ sojourn.parse_timestamp('created_date') }}
        ) as modified_at,
        _loaded_at as loaded_at

    from raw_leads

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['lead_id'],
            times=['modified_at'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
