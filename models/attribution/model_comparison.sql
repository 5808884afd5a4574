{{ config(materialized='view') }}

-- The interval is that of bootstrap samples of persons with Poisson weights: a sum of independent
-- parts, each counted Poisson(1) times, has the variance of the sum of their squares.

with credits as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'credits') }}

),

of_values as (

    select
        conversion_type,
        model,
        'channel' as dimension,
        channel as value,
        coalesce(person_id, conversion_id) as person_key,
        credit,
        attributed_revenue

    from credits

    union all

    select
        conversion_type,
        model,
        'campaign' as dimension,
        coalesce(campaign, '(' || coalesce(channel, 'Unassigned') || ')') as value,
        coalesce(person_id, conversion_id) as person_key,
        credit,
        attributed_revenue

    from credits

),

of_persons as (

    select
        conversion_type,
        model,
        dimension,
        coalesce(value, 'Unassigned') as value,
        person_key,
        sum(credit) as conversions,
        sum(attributed_revenue) as revenue

    from of_values
    group by conversion_type, model, dimension, coalesce(value, 'Unassigned'), person_key

),

summed as (

    select
        conversion_type,
        model,
        dimension,
        value,
        sum(conversions) as conversions,
        cast(coalesce(sum(revenue), 0) as {{ sojourn.type_money() }}) as revenue,
        1.96 * sqrt(sum(conversions * conversions)) as conversions_margin,
        1.96 * sqrt(coalesce(
            sum(
                cast(revenue as {{ sojourn.type_double() }})
                * cast(revenue as {{ sojourn.type_double() }})
            ), 0
        )) as revenue_margin

    from of_persons
    group by conversion_type, model, dimension, value

)

select
    conversion_type,
    model,
    dimension,
    value,
    revenue,
    conversions,
    conversions / sum(conversions) over (partition by conversion_type, model, dimension)
        as share_of_conversions,
    cast(revenue as {{ sojourn.type_double() }}) / nullif(
        cast(
            sum(revenue) over (partition by conversion_type, model, dimension)
            as {{ sojourn.type_double() }}
        ), 0
    ) as share_of_revenue,
    greatest(conversions - conversions_margin, 0) as conversions_ci_low,
    conversions + conversions_margin as conversions_ci_high,
    cast(revenue as {{ sojourn.type_double() }}) - revenue_margin as revenue_ci_low,
    cast(revenue as {{ sojourn.type_double() }}) + revenue_margin as revenue_ci_high

from summed
