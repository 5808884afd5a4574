with raw_events as (

    {{ sojourn.raw_table('snowplow', 'events', [
        'app_id', 'platform', 'event', 'event_name', 'event_id', 'user_id', 'domain_userid',
        'network_userid', 'domain_sessionid', 'page_url', 'page_referrer', 'mkt_medium',
        'mkt_source', 'mkt_term', 'mkt_content', 'mkt_campaign', 'mkt_clickid', 'mkt_network',
        'se_category', 'se_action', 'se_label', 'se_property', 'se_value', 'unstruct_event',
        'tr_orderid', 'useragent', 'user_ipaddress', 'geo_country', 'collector_tstamp',
        'dvce_created_tstamp', 'derived_tstamp',
    ]) }}

),

parsed as (

    {{ sojourn.select_with_json('raw_events', {
        'unstruct_event': {'form_email': 'data.data.email'},
    }) }}

),

renamed as (

    select
        coalesce({{ sojourn.clean('event_id') }}, _row_id) as event_id,
        {{ sojourn.clean('domain_userid') }} as domain_userid,
        {{ sojourn.clean('network_userid') }} as network_userid,
        {{ sojourn.clean('domain_sessionid') }} as domain_sessionid,
        {{ sojourn.clean('user_id') }} as user_id,
        {{ sojourn.clean('app_id') }} as app_id,
        {{ sojourn.clean('platform') }} as platform,
        {{ sojourn.clean('event') }} as event,
        {{ sojourn.clean('event_name') }} as event_name,
        {{ sojourn.clean('tr_orderid') }} as order_id,
        {{ sojourn.clean('page_url') }} as page_url,
        {{ sojourn.clean('page_referrer') }} as referrer,
        {{ sojourn.clean('mkt_source') }} as mkt_source,
        {{ sojourn.clean('mkt_medium') }} as mkt_medium,
        {{ sojourn.clean('mkt_campaign') }} as mkt_campaign,
        {{ sojourn.clean('mkt_content') }} as mkt_content,
        {{ sojourn.clean('mkt_term') }} as mkt_term,
        {{ sojourn.clean('mkt_clickid') }} as mkt_clickid,
        {{ sojourn.clean('mkt_network') }} as mkt_network,
        {{ sojourn.clean('se_category') }} as se_category,
        {{ sojourn.clean('se_action') }} as se_action,
        {{ sojourn.clean('se_label') }} as se_label,
        {{ sojourn.clean('se_property') }} as se_property,
        {{ sojourn.clean('se_value') }} as se_value,
        lower({{ sojourn.clean('form_email') }}) as form_email,
        unstruct_event,
        {{ sojourn.clean('useragent') }} as user_agent,
        {{ sojourn.clean('user_ipaddress') }} as ip_address,
        {{ sojourn.clean('geo_country') }} as geo_country,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp(
            'coalesce(derived_tstamp, dvce_created_tstamp, collector_tstamp)'
        ) }} as occurred_at,
        {{ sojourn.parse_timestamp('collector_tstamp') }} as received_at,
        _loaded_at as loaded_at

    from parsed

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['event'],
            times=['occurred_at'],
            known_at='least(received_at, loaded_at)',
        ) }} as quarantine_reason

    from renamed

)

select * from judged
