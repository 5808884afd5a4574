-- The touch in the middle of the path; of an even number the earlier one.

with creditable_touches as (

    {{ sojourn.creditable_touches('middle_touch') }}

)

select
    conversion_id,
    touchpoint_id,
    1 as credit

from creditable_touches
where touch_number = ceil(touch_count / 2.0)
