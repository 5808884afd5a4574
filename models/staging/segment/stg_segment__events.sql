with raw_events as (

    {{ sojourn.raw_table('segment', 'events', [
        'type', 'event', 'name', 'message_id', 'anonymous_id', 'user_id', 'previous_id', 'group_id',
        'timestamp', 'original_timestamp', 'sent_at', 'received_at', 'channel', 'context',
        'properties', 'traits', 'email__standard', 'phone__standard',
    ]) }}

),

parsed as (

    {{ sojourn.select_with_json('raw_events', {
        'context': {
            'campaign_source': 'campaign.source',
            'campaign_medium': 'campaign.medium',
            'campaign_name': 'campaign.name',
            'campaign_content': 'campaign.content',
            'campaign_term': 'campaign.term',
            'campaign_id': 'campaign.id',
            'context_url': 'page.url',
            'context_referrer': 'page.referrer',
            'user_agent': 'userAgent',
            'ip_address': 'ip',
            'timezone': 'timezone',
        },
        'properties': {
            'properties_url': 'url',
            'properties_referrer': 'referrer',
            'order_id': 'order_id',
        },
    }) }}

),

renamed as (

    select
        coalesce({{ sojourn.clean('message_id') }}, _row_id) as event_id,
        {{ sojourn.clean('anonymous_id') }} as anonymous_id,
        {{ sojourn.clean('user_id') }} as user_id,
        {{ sojourn.clean('previous_id') }} as previous_id,
        {{ sojourn.clean('group_id') }} as group_id,
        lower({{ sojourn.clean('type') }}) as event_type,
        coalesce({{ sojourn.clean('event') }}, {{ sojourn.clean('name') }}) as event_name,
        {{ sojourn.clean('order_id') }} as order_id,
        {{ sojourn.clean('coalesce(context_url, properties_url)') }} as page_url,
        {{ sojourn.clean('coalesce(context_referrer, properties_referrer)') }} as referrer,
        {{ sojourn.clean('campaign_source') }} as campaign_source,
        {{ sojourn.clean('campaign_medium') }} as campaign_medium,
        {{ sojourn.clean('campaign_name') }} as campaign_name,
        {{ sojourn.clean('campaign_content') }} as campaign_content,
        {{ sojourn.clean('campaign_term') }} as campaign_term,
        {{ sojourn.clean('campaign_id') }} as campaign_id,
        {{ sojourn.clean('user_agent') }} as user_agent,
        {{ sojourn.clean('ip_address') }} as ip_address,
        {{ sojourn.clean('timezone') }} as timezone,
        email__standard as email,
        phone__standard as phone,
        properties,
        traits,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp(
            'coalesce(' ~ adapter.quote('timestamp') ~ ', original_timestamp, received_at)'
        ) }} as occurred_at,
        {{ sojourn.parse_timestamp('received_at') }} as received_at,
        _loaded_at as loaded_at

    from parsed

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['event_type'],
            times=['occurred_at'],
            known_at='least(received_at, loaded_at)',
        ) }} as quarantine_reason

    from renamed

)

select * from judged
