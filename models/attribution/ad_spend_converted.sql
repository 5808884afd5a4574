{{ config(materialized='view') }}

with ad_spend_reports as (

    select * from {{ ref('sojourn', 'ad_spend_reports') }}

),

exchange_rates_to_reporting as (

    select * from {{ ref('sojourn', 'exchange_rates_to_reporting') }}

),

converted as (

    select
        ad_spend_reports.platform,
        ad_spend_reports.account_id,
        ad_spend_reports.campaign_id,
        ad_spend_reports.campaign,
        ad_spend_reports.channel,
        ad_spend_reports.currency,
        ad_spend_reports.timezone,
        ad_spend_reports.impressions,
        ad_spend_reports.clicks,
        ad_spend_reports.spend,
        {{ sojourn.to_reporting_currency(
            'ad_spend_reports.spend', 'exchange_rates_to_reporting.rate'
        ) }} as spend_converted,
        ad_spend_reports.date_day,
        ad_spend_reports.reported_at

    from ad_spend_reports
    left join exchange_rates_to_reporting
        on {{ sojourn.rate_on('ad_spend_reports.currency', 'ad_spend_reports.date_day') }}
    where ad_spend_reports.is_latest

)

select * from converted
