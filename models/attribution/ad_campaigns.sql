with ad_spend as (

    select * from {{ ref('sojourn', 'ad_spend') }}

),

-- A campaign as it was last reported: names and channels change, sums must not split by them.
ranked as (

    select
        platform,
        campaign_id,
        account_id,
        campaign,
        channel,
        timezone,
        row_number() over (
            partition by platform, campaign_id
            order by date_day desc, account_id asc nulls last
        ) as recency_rank

    from ad_spend

)

select
    platform,
    campaign_id,
    campaign,
    channel,
    timezone

from ranked
where recency_rank = 1
