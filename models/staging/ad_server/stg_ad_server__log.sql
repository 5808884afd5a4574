with raw_log as (

    {{ sojourn.raw_table('ad_server', 'log', [
        'event_time', 'event_type', 'event_id', 'impression_id', 'click_id', 'campaign_id',
        'campaign_name', 'platform', 'placement', 'first_party_id', 'country', 'user_agent',
    ]) }}

),

renamed as (

    select
        coalesce({{ sojourn.clean('event_id') }}, _row_id) as ad_event_id,
        {{ sojourn.clean('impression_id') }} as impression_id,
        {{ sojourn.clean('click_id') }} as click_id,
        {{ sojourn.clean('campaign_id') }} as campaign_id,
        {{ sojourn.clean('first_party_id') }} as first_party_id,
        lower({{ sojourn.clean('event_type') }}) as ad_event_type,
        {{ sojourn.clean('campaign_name') }} as campaign_name,
        lower({{ sojourn.clean('platform') }}) as platform,
        {{ sojourn.clean('placement') }} as placement,
        {{ sojourn.clean('country') }} as country,
        {{ sojourn.clean('user_agent') }} as user_agent,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp('event_time') }} as occurred_at,
        _loaded_at as loaded_at

    from raw_log

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['ad_event_type'],
            times=['occurred_at'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
