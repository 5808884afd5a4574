{{ config(materialized='view') }}

{%- set weights = sojourn.model_weights(
    'w_shaped', ['first', 'lead_created', 'opportunity_created', 'others']
) %}

-- The first touch and those that led to the lead and to the opportunity earn alike, the others
-- share the rest. Milestones that a conversion has not leave their part to what it has.

with milestone_touches as (

    {{ sojourn.milestone_touches('w_shaped') }}

),

weighted as (

    select
        conversion_id,
        touchpoint_id,
        case when touch_number = 1 then {{ weights['first'] }} else 0 end
        + case when is_lead_touch then {{ weights['lead_created'] }} else 0 end
        + case when is_opportunity_touch then {{ weights['opportunity_created'] }} else 0 end
            as role_weight,
        touch_number = 1 or is_lead_touch or is_opportunity_touch as has_role

    from milestone_touches

)

{{ sojourn.credit_by_role('weighted', weights['others']) }}
