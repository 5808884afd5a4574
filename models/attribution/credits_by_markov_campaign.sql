{{ config(materialized='view') }}

-- By the fitted weights of campaigns: their removal effects in a Markov chain.

{{ sojourn.credit_by_weights('markov_campaign', 'campaign') }}
