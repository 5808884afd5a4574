with raw_contacts as (

    {{ sojourn.raw_table('salesforce', 'contacts', [
        'id', 'account_id', 'first_name', 'last_name', 'email', 'phone', 'mobile_phone',
        'mailing_country', 'mailing_city', 'mailing_postal_code', 'birthdate', 'lead_source', 'title', 'has_opted_out_of_email', 'created_date',
        'last_modified_date', 'is_deleted', 'master_record_id', 'email__standard',
        'phone__standard', 'mobile_phone__standard', 'first_name__standard',
        'last_name__standard', 'mailing_country__standard',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('id') }} as contact_id,
        {{ sojourn.clean('account_id') }} as account_id,
        {{ sojourn.clean('master_record_id') }} as master_contact_id,
        email__standard as email,
        phone__standard as phone,
        mobile_phone__standard as mobile_phone,
        coalesce(first_name__standard, {{ sojourn.clean('first_name') }}) as first_name,
        coalesce(last_name__standard, {{ sojourn.clean('last_name') }}) as last_name,
        {{ sojourn.calendar_day('birthdate') }} as birth_date,
        {{ sojourn.clean('mailing_city') }} as city,
        {{ sojourn.clean('mailing_postal_code') }} as postal_code,
        coalesce(mailing_country__standard, {{ sojourn.country_code('mailing_country') }})
            as country,
        {{ sojourn.clean('lead_source') }} as lead_source,
        {{ sojourn.clean('title') }} as job_title,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        coalesce({{ sojourn.boolean('has_opted_out_of_email') }}, false) as has_opted_out_of_email,
        coalesce({{ sojourn.boolean('is_deleted') }}, false) as is_deleted,
        {{ sojourn.parse_timestamp('created_date') }} as created_at,
        coalesce(
            {{ sojourn.parse_timestamp('last_modified_date') }},
            {{ sojourn.parse_timestamp('created_date') }}
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
