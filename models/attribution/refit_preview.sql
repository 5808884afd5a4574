{{ config(materialized='view') }}

-- What the candidate of a fit would move, before it is adopted.

{% set models = sojourn.fitted_models() -%}
{% set kind_weight = sojourn.kind_weight('conversions.conversion_type', 'touches.kind') or '1' -%}

with conversions as (

    select * from {{ ref('sojourn', 'conversions') }}

),

conversion_touches as (

    select * from {{ ref('sojourn', 'conversion_touches') }}

),

candidate_fits as (

    {{ sojourn.candidate_fits() }}

),

candidate_credits as (

    {% for model in models -%}
    select
        '{{ model }}' as model,
        conversion_id,
        touchpoint_id,
        credit

    from (
        {{ sojourn.credit_by_weights(model, model.split('_')[1], by_candidate=true) }}
    ) as fitted_{{ model }}
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        '' as model,
        '' as conversion_id,
        '' as touchpoint_id,
        cast(0 as {{ sojourn.type_double() }}) as credit

    from {{ ref('sojourn', 'channel_weights') }}
    where 1 = 0
    {% endfor %}

),

candidate_weighed as (

    select
        candidate_credits.model,
        candidate_credits.conversion_id,
        candidate_credits.touchpoint_id,
        candidate_credits.credit,
        candidate_credits.credit * {{ kind_weight }} as weighted_credit,
        sum(candidate_credits.credit * {{ kind_weight }}) over (
            partition by candidate_credits.conversion_id, candidate_credits.model
        ) as total_credit

    from candidate_credits
    inner join conversions on candidate_credits.conversion_id = conversions.conversion_id
    inner join conversion_touches as touches
        on
            candidate_credits.conversion_id = touches.conversion_id
            and candidate_credits.touchpoint_id = touches.touchpoint_id

),

both_fits as (

    select
        model,
        conversion_id,
        touchpoint_id,
        credit,
        0 as candidate_credit

    from {{ ref('sojourn', 'credits') }}
    where model in ({% for model in models %}'{{ model }}', {% endfor %}'')

    union all

    select
        model,
        conversion_id,
        touchpoint_id,
        0 as credit,
        case when total_credit > 0 then weighted_credit / total_credit else credit end
            as candidate_credit

    from candidate_weighed

),

-- What no touch earns, no fit moves; a type that the candidate has no fit of stays as it is.
of_values as (

    select
        candidate_fits.fit_version,
        conversions.conversion_type,
        both_fits.model,
        case
            when both_fits.model like '%campaign' then {{ sojourn.fitted_value('campaign') }}
            else {{ sojourn.fitted_value('channel') }}
        end as value,
        both_fits.credit,
        both_fits.candidate_credit,
        cast(coalesce(conversions.revenue, 0) as {{ sojourn.type_double() }}) as revenue

    from both_fits
    inner join conversions on both_fits.conversion_id = conversions.conversion_id
    inner join candidate_fits
        on
            conversions.conversion_type = candidate_fits.conversion_type
            and both_fits.model = candidate_fits.model
    inner join conversion_touches
        on
            both_fits.conversion_id = conversion_touches.conversion_id
            and both_fits.touchpoint_id = conversion_touches.touchpoint_id

)

select
    fit_version,
    conversion_type,
    model,
    value,
    sum(credit) as conversions,
    sum(candidate_credit) as candidate_conversions,
    sum(candidate_credit - credit) as conversions_moved,
    sum(credit * revenue) as revenue,
    sum(candidate_credit * revenue) as candidate_revenue,
    sum((candidate_credit - credit) * revenue) as revenue_moved

from of_values
group by fit_version, conversion_type, model, value
