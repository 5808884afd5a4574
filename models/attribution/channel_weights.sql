{{ config(materialized='attribution_fits', journeys='paths', steps='journey_steps') }}

-- Fitted models (Markov, Shapley) write their weights here, once for each fit: see the macro.

-- depends_on: {{ ref('sojourn', 'paths') }}
-- depends_on: {{ ref('sojourn', 'journey_steps') }}
select 1 as nothing
