{{ config(materialized='view') }}

-- Each touch in the window earns the same.

with creditable_touches as (

    {{ sojourn.creditable_touches('linear') }}

)

select
    conversion_id,
    touchpoint_id,
    cast(1 as {{ sojourn.type_double() }}) / touch_count as credit

from creditable_touches
