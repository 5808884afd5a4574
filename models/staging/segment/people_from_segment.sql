with identify_calls as (

    select * from {{ ref('sojourn', 'stg_segment__events') }}
    where
        event_type = 'identify'
        and traits is not null
        and coalesce(user_id, email) is not null
        and quarantine_reason is null

),

parsed as (

    {{ sojourn.select_with_json('identify_calls', {
        'traits': {
            'trait_first_name': 'firstName',
            'trait_last_name': 'lastName',
            'trait_birthday': 'birthday',
            'trait_city': 'address.city',
            'trait_postal_code': 'address.postalCode',
            'trait_country': 'address.country',
            'trait_timezone': 'timezone',
            'trait_company': 'company.name',
            'trait_title': 'title',
            'trait_created_at': 'createdAt',
        },
    }) }}

),

mapped as (

    select
        coalesce(user_id, email) as record_id,
        'segment' as source,
        email,
        phone,
        {{ sojourn.clean('trait_first_name') }} as first_name,
        {{ sojourn.clean('trait_last_name') }} as last_name,
        {{ sojourn.calendar_day('trait_birthday') }} as birth_date,
        {{ sojourn.clean('trait_city') }} as city,
        {{ sojourn.clean('trait_postal_code') }} as postal_code,
        {{ sojourn.country_code('trait_country') }} as country,
        coalesce({{ sojourn.clean('trait_timezone') }}, timezone) as timezone,
        {{ sojourn.clean('trait_company') }} as company,
        {{ sojourn.clean('trait_title') }} as job_title,
        cast(null as {{ sojourn.type_string() }}) as account_id,
        load_id,
        false as is_deleted,
        {{ sojourn.parse_timestamp('trait_created_at') }} as created_at,
        occurred_at as observed_at,
        loaded_at

    from parsed

)

select * from mapped
