with spend as (

    select * from {{ ref('sojourn', 'stg_generic__spend') }}
    where quarantine_reason is null

),

mapped as (

    select
        date_day,
        coalesce(platform, source_name) as platform,
        coalesce(account_id, source_name) as account_id,
        campaign_id,
        campaign,
        channel,
        currency,
        timezone,
        load_id,
        impressions,
        clicks,
        spend,
        reported_at,
        loaded_at

    from spend

)

select * from mapped
