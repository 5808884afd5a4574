{{ config(materialized='view') }}

with spend as (

    {{ sojourn.union_inputs('spend') }}

),

-- A file that was read twice reports the same rows twice: they count once.
reported as (

    select distinct
        cast(date_day as date) as date_day,
        coalesce(platform, 'unknown') as platform,
        account_id,
        coalesce(campaign_id, campaign, 'unknown') as campaign_id,
        campaign,
        channel,
        upper(coalesce(currency, '{{ var('reporting_currency') }}')) as currency,
        coalesce(timezone, '{{ var('reporting_timezone') }}') as timezone,
        load_id,
        impressions,
        clicks,
        cast(spend as decimal(18, 6)) as spend,
        reported_at,
        loaded_at

    from spend
    where date_day is not null

),

-- Rows of one report that share day and campaign (by ad group, say) are parts of one figure.
figures as (

    select
        date_day,
        platform,
        account_id,
        campaign_id,
        max(campaign) as campaign,
        max(channel) as channel,
        currency,
        max(timezone) as timezone,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        cast(sum(spend) as decimal(18, 6)) as spend,
        reported_at,
        loaded_at

    from reported
    group by
        date_day, platform, account_id, campaign_id, currency, load_id, reported_at, loaded_at

),

ranked as (

    select
        *,
        row_number() over (
            partition by date_day, platform, account_id, campaign_id
            order by reported_at desc nulls last, loaded_at desc nulls last, spend desc nulls last
        ) as report_rank

    from figures

)

select
    platform,
    account_id,
    campaign_id,
    campaign,
    channel,
    currency,
    timezone,
    impressions,
    clicks,
    spend,
    report_rank = 1 as is_latest,
    date_day,
    reported_at,
    loaded_at

from ranked
