{# `milestone_touches('w_shaped')`: `creditable_touches` of the model, and of each whether it led to the
   conversion's lead or opportunity: the last touch at or before that milestone did. A milestone
   before the first touch, or none, has no touch. #}
{% macro milestone_touches(model) -%}
    select
        touches.*,
        coalesce(touches.touch_number = max(
            case when touches.touched_at <= milestones.lead_created_at then touches.touch_number end
        ) over (partition by touches.conversion_id), false) as is_lead_touch,
        coalesce(touches.touch_number = max(
            case
                when touches.touched_at <= milestones.opportunity_created_at
                    then touches.touch_number
            end
        ) over (partition by touches.conversion_id), false) as is_opportunity_touch

    from ({{ sojourn.creditable_touches(model) }}) as touches
    left join {{ ref('sojourn', 'conversion_milestones') }} as milestones
        on touches.conversion_id = milestones.conversion_id
{%- endmacro %}
