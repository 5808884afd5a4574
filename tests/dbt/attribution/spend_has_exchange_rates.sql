-- Spend in a currency without a rate waits in quarantine: add the rate to `exchange_rates`.

{{ config(severity='warn') }}

select * from {{ ref('sojourn', 'ad_spend_quarantined') }}
