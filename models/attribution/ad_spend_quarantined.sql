{{ config(materialized='view') }}

-- Spend that no figure can be given for until a rate is added to the seed `exchange_rates`.

select
    platform,
    account_id,
    campaign_id,
    currency,
    'no exchange rate' as reason,
    spend as spend_original,
    date_day,
    reported_at

from {{ ref('sojourn', 'ad_spend_converted') }}
where
    spend is not null
    and spend_converted is null
