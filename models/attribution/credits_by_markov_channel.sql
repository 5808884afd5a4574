{{ config(materialized='view') }}

-- By the fitted weights of channels: their removal effects in a Markov chain.

{{ sojourn.credit_by_weights('markov_channel', 'channel') }}
