with raw_insights as (

    {{ sojourn.raw_table('meta_ads', 'insights', [
        'date_start', 'date_stop', 'account_id', 'account_currency', 'account_timezone_name',
        'campaign_id', 'campaign_name', 'impressions', 'clicks', 'spend',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('account_id') }} as account_id,
        {{ sojourn.clean('campaign_id') }} as campaign_id,
        {{ sojourn.clean('campaign_name') }} as campaign_name,
        upper({{ sojourn.clean('account_currency') }}) as currency,
        {{ sojourn.clean('account_timezone_name') }} as timezone,
        coalesce({{ sojourn.try_cast('impressions', sojourn.type_bigint()) }}, 0) as impressions,
        coalesce({{ sojourn.try_cast('clicks', sojourn.type_bigint()) }}, 0) as clicks,
        {{ sojourn.try_cast('spend', 'decimal(18, 6)') }} as spend,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        cast({{ sojourn.parse_timestamp('date_start') }} as date) as date_day,
        {{ sojourn.file_observed_at('_file', '_loaded_at') }} as reported_at,
        _loaded_at as loaded_at

    from raw_insights

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
