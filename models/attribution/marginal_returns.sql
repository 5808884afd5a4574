{{ config(materialized='view') }}

-- What more spend went along with. Days with much spend may also be days with much demand: where
-- that is so, the returns are flattered.

with performance as (

    select * from {{ ref('sojourn', 'performance') }}
    where
        date_basis = 'touch'
        and is_mature

),

channel_days as (

    select
        conversion_type,
        model,
        channel,
        date_day,
        cast(sum(spend) as {{ sojourn.type_double() }}) as spend,
        cast(sum(attributed_revenue) as {{ sojourn.type_double() }}) as revenue,
        sum(conversions) as conversions

    from performance
    group by conversion_type, model, channel, date_day
    having sum(spend) > 0

),

bracketed as (

    select
        *,
        ntile(4) over (
            partition by conversion_type, model, channel
            order by spend, date_day
        ) as spend_bracket

    from channel_days

),

brackets as (

    select
        conversion_type,
        model,
        channel,
        spend_bracket,
        count(*) as day_count,
        min(spend) as spend_from,
        max(spend) as spend_to,
        avg(spend) as spend_a_day,
        avg(revenue) as revenue_a_day,
        avg(conversions) as conversions_a_day

    from bracketed
    group by conversion_type, model, channel, spend_bracket

),

followed as (

    select
        *,
        spend_a_day - lag(spend_a_day) over (
            partition by conversion_type, model, channel
            order by spend_bracket
        ) as more_spend,
        revenue_a_day - lag(revenue_a_day) over (
            partition by conversion_type, model, channel
            order by spend_bracket
        ) as more_revenue,
        conversions_a_day - lag(conversions_a_day) over (
            partition by conversion_type, model, channel
            order by spend_bracket
        ) as more_conversions

    from brackets

)

select
    conversion_type,
    model,
    channel,
    cast(spend_bracket as {{ sojourn.type_bigint() }}) as spend_bracket,
    cast(day_count as {{ sojourn.type_bigint() }}) as day_count,
    spend_from,
    spend_to,
    spend_a_day,
    revenue_a_day,
    conversions_a_day,
    revenue_a_day / spend_a_day as roas,
    more_revenue / nullif(more_spend, 0) as marginal_roas,
    case when more_conversions > 0 then more_spend / more_conversions end
        as marginal_cost_per_acquisition

from followed
