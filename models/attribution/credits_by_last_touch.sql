{{ config(materialized='view') }}

-- All credit to the last touch in the window, direct visits too (Google Analytics' rule).

with creditable_touches as (

    {{ sojourn.creditable_touches('last_touch', counts_direct=true) }}

)

select
    conversion_id,
    touchpoint_id,
    1 as credit

from creditable_touches
where touch_number = touch_count
