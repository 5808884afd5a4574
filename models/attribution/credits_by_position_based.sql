{{ config(materialized='view') }}

{%- set weights = sojourn.model_weights('position_based', ['first', 'last', 'others']) %}

-- Most to the first and the last touch, the rest shared by those between. Of two touches each
-- earns half, a single touch all.

with creditable_touches as (

    {{ sojourn.creditable_touches('position_based') }}

),

weighted as (

    select
        conversion_id,
        touchpoint_id,
        case when touch_number = 1 then {{ weights['first'] }} else 0 end
        + case when touch_number = touch_count then {{ weights['last'] }} else 0 end
            as role_weight,
        touch_number in (1, touch_count) as has_role

    from creditable_touches

)

{{ sojourn.credit_by_role('weighted', weights['others']) }}
