with raw_spend as (

    {{ sojourn.generic_rows('spend', [
        'date_day', 'platform', 'account_id', 'campaign_id', 'campaign', 'channel', 'impressions',
        'clicks', 'spend', 'currency', 'timezone', 'reported_at',
    ]) }}

),

renamed as (

    select
        source_name,
        {{ sojourn.clean('platform') }} as platform,
        {{ sojourn.clean('account_id') }} as account_id,
        {{ sojourn.clean('campaign_id') }} as campaign_id,
        {{ sojourn.clean('campaign') }} as campaign,
        {{ sojourn.clean('channel') }} as channel,
        upper({{ sojourn.clean('currency') }}) as currency,
        {{ sojourn.clean('timezone') }} as timezone,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        coalesce({{ sojourn.try_cast('impressions', sojourn.type_bigint()) }}, 0) as impressions,
        coalesce({{ sojourn.try_cast('clicks', sojourn.type_bigint()) }}, 0) as clicks,
        {{ sojourn.try_cast('spend', 'decimal(18, 6)') }} as spend,
        cast({{ sojourn.parse_timestamp('date_day') }} as date) as date_day,
        coalesce(
            {{ sojourn.parse_timestamp('reported_at') }},
            {{ sojourn.file_observed_at('_file', '_loaded_at') }}
        ) as reported_at,
        coalesce(_loaded_at, {{ sojourn.run_at() }}) as loaded_at

    from raw_spend

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(keys=['date_day', 'spend']) }} as quarantine_reason

    from renamed

)

select * from judged
