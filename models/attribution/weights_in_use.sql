{{ config(materialized='view') }}

-- By type and model: the fit that was adopted last, or the version that `attribution_fit` names.

{% set configured = sojourn.fit_setting('version') -%}

with channel_weights as (

    select * from {{ ref('sojourn', 'channel_weights') }}

),

fit_log as (

    select * from {{ ref('sojourn', 'fit_log') }}

),

-- What was adopted holds until another version is named in the place of the one named then.
adopted as (

    select
        fit_version,
        max(change_number) as change_number

    from fit_log
    where
        change = 'adopted'
        and configured_version = '{{ configured }}'
        and recorded_at <= {{ sojourn.run_at() }}
    group by fit_version

),

fits as (

    select distinct
        channel_weights.conversion_type,
        channel_weights.model,
        channel_weights.fit_version,
        coalesce(adopted.change_number, 0) as change_number

    from channel_weights
    left join adopted on channel_weights.fit_version = adopted.fit_version
    where
        adopted.fit_version is not null
        or channel_weights.fit_version = '{{ configured }}'

),

ranked as (

    select
        *,
        row_number() over (
            partition by conversion_type, model
            order by change_number desc
        ) as recency

    from fits

)

select
    channel_weights.fit_version,
    channel_weights.conversion_type,
    channel_weights.model,
    channel_weights.dimension,
    channel_weights.value,
    channel_weights.ci_reason,
    '{{ configured }}' as configured_version,
    channel_weights.removal_effect,
    channel_weights.shapley_value,
    channel_weights.weight,
    channel_weights.ci_low,
    channel_weights.ci_high

from channel_weights
inner join ranked
    on
        channel_weights.conversion_type = ranked.conversion_type
        and channel_weights.model = ranked.model
        and channel_weights.fit_version = ranked.fit_version
where ranked.recency = 1
