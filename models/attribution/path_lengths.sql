{{ config(materialized='view') }}

-- Counts are of all journeys; the rate is that of those whose time is up.

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
    avg({{ sojourn.settled_conversion() }}) as conversion_rate

from paths
group by conversion_type, touch_count
