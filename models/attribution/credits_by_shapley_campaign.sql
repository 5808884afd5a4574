{{ config(materialized='view') }}

-- By the fitted weights of campaigns: their Shapley values.

{{ sojourn.credit_by_weights('shapley_campaign', 'campaign') }}
