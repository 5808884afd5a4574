{{ config(materialized='view') }}

with paths as (

    select * from {{ ref('sojourn', 'paths') }}
    where
        is_converted
        and touch_count > 0

),

in_days as (

    select
        conversion_type,
        cast(floor(days_to_convert) as {{ sojourn.type_bigint() }}) as days_to_convert,
        count(*) as conversions,
        cast(sum(revenue) as {{ sojourn.type_money() }}) as revenue

    from paths
    group by conversion_type, cast(floor(days_to_convert) as {{ sojourn.type_bigint() }})

)

select
    conversion_type,
    days_to_convert,
    conversions,
    revenue,
    cast(sum(conversions) over (
        partition by conversion_type
        order by days_to_convert
    ) as {{ sojourn.type_double() }}) / sum(conversions) over (partition by conversion_type)
        as cumulated_share

from in_days
