with insights as (

    select * from {{ ref('sojourn', 'stg_meta_ads__insights') }}
    where quarantine_reason is null

),

mapped as (

    select
        date_day,
        'meta_ads' as platform,
        account_id,
        campaign_id,
        campaign_name as campaign,
        'Paid Social' as channel,
        currency,
        timezone,
        load_id,
        impressions,
        clicks,
        spend,
        reported_at,
        loaded_at

    from insights

)

select * from mapped
