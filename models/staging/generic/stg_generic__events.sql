with raw_events as (

    {{ sojourn.generic_rows('events', [
        'id', 'name', 'type', 'occurred_at', 'received_at', 'anonymous_id', 'user_id',
        'session_key', 'page_url', 'referrer', 'utm_source', 'utm_medium', 'utm_campaign',
        'utm_content', 'utm_term', 'click_id', 'properties',
    ]) }}

),

renamed as (

    select
        source_name,
        coalesce({{ sojourn.clean('id') }}, _row_id) as event_id,
        {{ sojourn.clean('name') }} as event_name,
        lower({{ sojourn.clean('type') }}) as event_type,
        {{ sojourn.clean('anonymous_id') }} as anonymous_id,
        {{ sojourn.clean('user_id') }} as user_id,
        {{ sojourn.clean('session_key') }} as session_key,
        {{ sojourn.clean('page_url') }} as page_url,
        {{ sojourn.clean('referrer') }} as referrer,
        {{ sojourn.clean('utm_source') }} as utm_source,
        {{ sojourn.clean('utm_medium') }} as utm_medium,
        {{ sojourn.clean('utm_campaign') }} as utm_campaign,
        {{ sojourn.clean('utm_content') }} as utm_content,
        {{ sojourn.clean('utm_term') }} as utm_term,
        {{ sojourn.clean('click_id') }} as click_id,
        properties,
        identifiers,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp('occurred_at') }} as occurred_at,
        {{ sojourn.parse_timestamp('received_at') }} as received_at,
        coalesce(_loaded_at, {{ sojourn.run_at() }}) as loaded_at

    from raw_events

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            times=['occurred_at'],
            known_at='least(received_at, loaded_at)',
        ) }} as quarantine_reason

    from renamed

)

select * from judged
