with raw_touchpoints as (

    {{ sojourn.generic_rows('touchpoints', [
        'id', 'touched_at', 'channel', 'utm_source', 'utm_medium', 'campaign', 'campaign_id',
        'kind',
    ]) }}

),

renamed as (

    select
        source_name,
        coalesce({{ sojourn.clean('id') }}, _row_id) as touchpoint_id,
        {{ sojourn.clean('channel') }} as channel,
        {{ sojourn.clean('utm_source') }} as utm_source,
        {{ sojourn.clean('utm_medium') }} as utm_medium,
        {{ sojourn.clean('campaign') }} as campaign,
        {{ sojourn.clean('campaign_id') }} as campaign_id,
        lower({{ sojourn.clean('kind') }}) as kind,
        identifiers,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp('touched_at') }} as touched_at,
        coalesce(_loaded_at, {{ sojourn.run_at() }}) as loaded_at

    from raw_touchpoints

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(times=['touched_at']) }} as quarantine_reason

    from renamed

)

select * from judged
