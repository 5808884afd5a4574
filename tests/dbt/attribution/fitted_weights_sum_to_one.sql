-- The weights of a fit are no less than 0 and sum to 1, or are all 0.

select
    fit_version,
    conversion_type,
    model,
    sum(weight) as weight,
    min(weight) as smallest_weight

from {{ ref('sojourn', 'channel_weights') }}
group by fit_version, conversion_type, model
having
    min(weight) < 0
    or (abs(sum(weight) - 1) > 0.000000001 and max(weight) > 0)
