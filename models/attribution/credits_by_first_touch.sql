{{ config(materialized='view') }}

-- All credit to the first touch in the window.

with creditable_touches as (

    {{ sojourn.creditable_touches('first_touch') }}

)

select
    conversion_id,
    touchpoint_id,
    1 as credit

from creditable_touches
where touch_number = 1
