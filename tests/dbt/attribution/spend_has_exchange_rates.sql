{{ config(severity='warn') }}

-- Spend in a currency without a rate waits in quarantine: add the rate to `exchange_rates`.

select
    platform,
    account_id,
    campaign_id,
    currency,
    date_day

from {{ ref('sojourn', 'ad_spend_quarantined') }}
