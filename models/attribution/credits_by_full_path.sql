{{ config(materialized='view') }}

{%- set weights = sojourn.model_weights(
    'full_path', ['first', 'lead_created', 'opportunity_created', 'closed', 'others']
) %}

-- W-shaped with the close as a fourth milestone: the last touch led to it.

with milestone_touches as (

    {{ sojourn.milestone_touches('full_path') }}

),

weighted as (

    select
        conversion_id,
        touchpoint_id,
        case when touch_number = 1 then {{ weights['first'] }} else 0 end
        + case when is_lead_touch then {{ weights['lead_created'] }} else 0 end
        + case when is_opportunity_touch then {{ weights['opportunity_created'] }} else 0 end
        + case when touch_number = touch_count then {{ weights['closed'] }} else 0 end
            as role_weight,
        touch_number in (1, touch_count) or is_lead_touch or is_opportunity_touch as has_role

    from milestone_touches

)

{{ sojourn.credit_by_role('weighted', weights['others']) }}
