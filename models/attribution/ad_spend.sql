with ad_spend_converted as (

    select * from {{ ref('sojourn', 'ad_spend_converted') }}

),

with_rate as (

    select
        platform,
        account_id,
        campaign_id,
        campaign,
        channel,
        currency,
        timezone,
        cast(impressions as {{ sojourn.type_bigint() }}) as impressions,
        cast(clicks as {{ sojourn.type_bigint() }}) as clicks,
        spend_converted as spend,
        cast(spend as {{ sojourn.type_money() }}) as spend_original,
        date_day,
        reported_at

    from ad_spend_converted
    where
        spend is null
        or spend_converted is not null

)

select * from with_rate
