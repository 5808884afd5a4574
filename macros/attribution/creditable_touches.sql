{# `creditable_touches('linear')`: the touches that may earn credit by this model, one row a
   conversion and touch: conversion_id, touchpoint_id, person_id, channel, campaign, is_direct,
   touched_at, converted_at, touch_number (from 1, in time, ties by touchpoint id), touch_count.

   Kinds of touch are let in by the seed `touch_credit_rules`. Direct touches count only where a
   conversion has no others, unless the model says otherwise (`counts_direct=true`). #}
{% macro creditable_touches(model, counts_direct=false) -%}
    select
        conversion_id,
        touchpoint_id,
        person_id,
        channel,
        campaign,
        row_number() over (
            partition by conversion_id
            order by touched_at, {{ sojourn.in_byte_order('touchpoint_id') }}
        ) as touch_number,
        count(*) over (partition by conversion_id) as touch_count,
        is_direct,
        touched_at,
        converted_at

    from (
        select
            conversion_touches.*,
            max(case when conversion_touches.is_direct then 0 else 1 end) over (
                partition by conversion_touches.conversion_id
            ) as has_other_than_direct

        from {{ ref('sojourn', 'conversion_touches') }} as conversion_touches
        inner join {{ ref('sojourn', 'creditable_kinds') }} as creditable_kinds
            on
                conversion_touches.kind = creditable_kinds.kind
                and creditable_kinds.model = '{{ model }}'
    ) as earning_touches
    {%- if not counts_direct %}

    where
        not is_direct
        or has_other_than_direct = 0
    {%- endif %}
{%- endmacro %}
