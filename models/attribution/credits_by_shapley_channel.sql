{{ config(materialized='view') }}

-- By the fitted weights of channels: their Shapley values.

{{ sojourn.credit_by_weights('shapley_channel', 'channel') }}
