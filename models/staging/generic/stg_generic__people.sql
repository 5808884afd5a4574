with raw_people as (

    {{ sojourn.generic_rows('people', [
        'id', 'email', 'phone', 'first_name', 'last_name', 'birth_date', 'city', 'postal_code',
        'country', 'timezone', 'company', 'job_title', 'created_at', 'updated_at',
    ]) }}

),

renamed as (

    select
        source_name,
        coalesce({{ sojourn.clean('id') }}, _row_id) as record_id,
        {{ sojourn.clean('email') }} as email,
        {{ sojourn.clean('phone') }} as phone,
        {{ sojourn.clean('first_name') }} as first_name,
        {{ sojourn.clean('last_name') }} as last_name,
        {{ sojourn.calendar_day('birth_date') }} as birth_date,
        {{ sojourn.clean('city') }} as city,
        {{ sojourn.clean('postal_code') }} as postal_code,
        {{ sojourn.country_code('country') }} as country,
        {{ sojourn.clean('timezone') }} as timezone,
        {{ sojourn.clean('company') }} as company,
        {{ sojourn.clean('job_title') }} as job_title,
        identifiers,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp('created_at') }} as created_at,
        {{ sojourn.parse_timestamp('updated_at') }} as updated_at,
        coalesce(_loaded_at, {{ sojourn.run_at() }}) as loaded_at

    from raw_people

),

judged as (

    select
        *,
        cast(null as {{ sojourn.type_string() }}) as quarantine_reason

    from renamed

)

select * from judged
