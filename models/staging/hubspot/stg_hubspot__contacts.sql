with raw_contacts as (

    {{ sojourn.raw_table('hubspot', 'contacts', [
        'record_id', 'first_name', 'last_name', 'date_of_birth', 'email', 'phone_number', 'city',
        'postal_code', 'country_region',
        'time_zone', 'lifecycle_stage', 'original_source', 'contact_owner', 'company_name',
        'create_date', 'last_modified_date', 'email__standard', 'phone_number__standard',
        'first_name__standard', 'last_name__standard', 'country_region__standard',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('record_id') }} as contact_id,
        email__standard as email,
        phone_number__standard as phone,
        coalesce(first_name__standard, {{ sojourn.clean('first_name') }}) as first_name,
        coalesce(last_name__standard, {{ sojourn.clean('last_name') }}) as last_name,
        {{ sojourn.calendar_day('date_of_birth') }} as birth_date,
        {{ sojourn.clean('city') }} as city,
        {{ sojourn.clean('postal_code') }} as postal_code,
        coalesce(country_region__standard, {{ sojourn.country_code('country_region') }}) as country,
        {{ sojourn.clean('time_zone') }} as timezone,
        {{ sojourn.clean('lifecycle_stage') }} as lifecycle_stage,
        {{ sojourn.clean('original_source') }} as original_source,
        {{ sojourn.clean('contact_owner') }} as contact_owner,
        {{ sojourn.clean('company_name') }} as company_name,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp('create_date') }} as created_at,
        coalesce(
            {{ sojourn.parse_timestamp('last_modified_date') }},
            {{ sojourn.parse_timestamp('create_date') }}
        ) as modified_at,
        _loaded_at as loaded_at

    from raw_contacts

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['contact_id'],
            times=['modified_at'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
