{{ config(materialized='view') }}

with paths as (

    select * from {{ ref('sojourn', 'paths') }}

)

select
    conversion_type,
    touch_count,
    count(*) as journeys,
    cast(sum(case when is_converted then 1 else 0 end) as {{ sojourn.type_bigint() }})
        as conversions,
    cast(sum(revenue) as {{ sojourn.type_money() }}) as revenue,
    avg(case when is_converted then cast(1 as {{ sojourn.type_double() }}) else 0 end)
        as conversion_rate

from paths
group by conversion_type, touch_count
