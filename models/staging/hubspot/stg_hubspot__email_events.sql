with raw_email_events as (

    {{ sojourn.raw_table('hubspot', 'email_events', [
        'id', 'type', 'recipient', 'created', 'email_campaign_id', 'email_campaign_name',
        'app_name', 'url', 'user_agent', 'subject', 'filtered_event',
        'portal_subscription_status', 'subscriptions', 'recipient__standard',
    ]) }}

),

renamed as (

    select
        coalesce({{ sojourn.clean('id') }}, _row_id) as email_event_id,
        upper(trim(type)) as email_event_type,
        recipient__standard as recipient,
        {{ sojourn.clean('email_campaign_id') }} as email_campaign_id,
        {{ sojourn.clean('email_campaign_name') }} as email_campaign_name,
        {{ sojourn.clean('app_name') }} as app_name,
        {{ sojourn.clean('subject') }} as subject,
        {{ sojourn.clean('url') }} as url,
        {{ sojourn.clean('user_agent') }} as user_agent,
        upper({{ sojourn.clean('portal_subscription_status') }}) as portal_subscription_status,
        subscriptions,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        upper(trim(type)) = 'STATUSCHANGE' and (
            coalesce(portal_subscription_status ilike 'unsubscribed', false)
            or coalesce(subscriptions ilike '%unsubscribed%', false)
        ) as is_unsubscribe,
        coalesce({{ sojourn.boolean('filtered_event') }}, false) as is_machine,
        {{ sojourn.parse_epoch_ms('created') }} as occurred_at,
        _loaded_at as loaded_at

    from raw_email_events

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['email_event_type'],
            times=['occurred_at'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
