with raw_deliveries as (

    {{ sojourn.generic_rows('deliveries', [
        'id', 'delivered_at', 'kind', 'channel', 'campaign_id', 'campaign', 'url',
    ]) }}

),

renamed as (

    select
        source_name,
        coalesce({{ sojourn.clean('id') }}, _row_id) as delivery_id,
        lower({{ sojourn.clean('kind') }}) as kind,
        lower({{ sojourn.clean('channel') }}) as channel,
        {{ sojourn.clean('campaign_id') }} as campaign_id,
        {{ sojourn.clean('campaign') }} as campaign,
        {{ sojourn.clean('url') }} as url,
        identifiers,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp('delivered_at') }} as delivered_at,
        coalesce(_loaded_at, {{ sojourn.run_at() }}) as loaded_at

    from raw_deliveries

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(keys=['kind'], times=['delivered_at']) }} as quarantine_reason

    from renamed

)

select * from judged
