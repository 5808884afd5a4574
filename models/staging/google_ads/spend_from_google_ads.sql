with campaign_performance as (

    select * from {{ ref('sojourn', 'stg_google_ads__campaign_performance') }}
    where quarantine_reason is null

),

mapped as (

    select
        date_day,
        'google_ads' as platform,
        account_id,
        campaign_id,
        campaign_name as campaign,
        case advertising_channel_type
            when 'SEARCH' then 'Paid Search'
            when 'DISPLAY' then 'Display'
            when 'VIDEO' then 'Paid Video'
            when 'SHOPPING' then 'Paid Shopping'
            when 'PERFORMANCE_MAX' then 'Cross-network'
            else 'Paid Other'
        end as channel,
        currency,
        timezone,
        load_id,
        impressions,
        clicks,
        spend,
        reported_at,
        loaded_at

    from campaign_performance

)

select * from mapped
