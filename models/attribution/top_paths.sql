{{ config(materialized='view') }}

-- Counts are of all journeys; the rate is that of those whose time is up.

with paths as (

    select * from {{ ref('sojourn', 'paths') }}
    where touch_count > 0

)

select
    conversion_type,
    path,
    min(touch_count) as touch_count,
    count(*) as journeys,
    cast(sum(case when is_converted then 1 else 0 end) as {{ sojourn.type_bigint() }})
        as conversions,
    cast(sum(revenue) as {{ sojourn.type_money() }}) as revenue,
    avg({{ sojourn.settled_conversion() }}) as conversion_rate,
    avg(days_to_convert) as average_days_to_convert

from paths
group by conversion_type, path
