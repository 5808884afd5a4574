{{ config(materialized='view') }}

-- All credit to the last touch that is not a direct visit; to the last direct visit where there
-- are no others.

with creditable_touches as (

    {{ sojourn.creditable_touches('last_non_direct') }}

)

select
    conversion_id,
    touchpoint_id,
    1 as credit

from creditable_touches
where touch_number = touch_count
