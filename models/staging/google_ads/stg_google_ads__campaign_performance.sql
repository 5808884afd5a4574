with raw_campaign_performance as (

    {{ sojourn.raw_table('google_ads', 'campaign_performance', [
        'segments_date', 'customer_id', 'customer_currency_code', 'customer_time_zone',
        'campaign_id', 'campaign_name', 'campaign_advertising_channel_type',
        'metrics_impressions', 'metrics_clicks', 'metrics_cost_micros',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('customer_id') }} as account_id,
        {{ sojourn.clean('campaign_id') }} as campaign_id,
        {{ sojourn.clean('campaign_name') }} as campaign_name,
        upper({{ sojourn.clean('campaign_advertising_channel_type') }}) as advertising_channel_type,
        upper({{ sojourn.clean('customer_currency_code') }}) as currency,
        {{ sojourn.clean('customer_time_zone') }} as timezone,
        coalesce({{ sojourn.try_cast('metrics_impressions', sojourn.type_bigint()) }}, 0)
            as impressions,
        coalesce({{ sojourn.try_cast('metrics_clicks', sojourn.type_bigint()) }}, 0) as clicks,
        cast(
            {{ sojourn.try_cast('metrics_cost_micros', 'decimal(24,6)') }} * 0.000001
            as decimal(18, 6)
        ) as spend,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        cast({{ sojourn.parse_timestamp('segments_date') }} as date) as date_day,
        {{ sojourn.file_observed_at('_file', '_loaded_at') }} as reported_at,
        _loaded_at as loaded_at

    from raw_campaign_performance

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['date_day', 'account_id', 'campaign_id', 'currency', 'spend'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
