{# `creditable_touches('linear')`: the touches that may earn credit by this model, one row a
   conversion and touch: conversion_id, touchpoint_id, person_id, conversion_type, channel, campaign,
   is_direct, touched_at, converted_at, touch_number (from 1, in time, ties by touchpoint id),
   touch_count.

   Kinds of touch are let in by the seed `touch_credit_rules`. Direct touches count only where a
   conversion has no others, unless the model (`counts_direct=true`) or the settings say otherwise. With
   `since_last_conversion=true` a path begins after the person's last conversion of that type.

   They are those of the conversions that are to be credited in this run: of what has changed
   (`conversions_to_credit`). With `of_all=true`, of all conversions. #}
{% macro creditable_touches(
    model, counts_direct=false, since_last_conversion=false, of_all=false
) -%}
    {%- set window_touches = sojourn.window_touches('conversion_type') -%}
    {%- if window_touches %}
    select
        conversion_id,
        touchpoint_id,
        person_id,
        conversion_type,
        channel,
        campaign,
        touch_number - greatest(touch_count - {{ window_touches }}, 0) as touch_number,
        least(touch_count, {{ window_touches }}) as touch_count,
        is_direct,
        touched_at,
        converted_at

    from (
    {%- endif %}
    select
        conversion_id,
        touchpoint_id,
        person_id,
        conversion_type,
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
        {%- if not of_all %}
        inner join {{ ref('sojourn', 'conversions_to_credit') }} as conversions_to_credit
            on conversion_touches.conversion_id = conversions_to_credit.conversion_id
        {%- endif %}
        {%- if since_last_conversion %}
        where
            conversion_touches.previous_converted_at is null
            or conversion_touches.touched_at > conversion_touches.previous_converted_at
        {%- endif %}
    ) as earning_touches
    where {{ sojourn.direct_counts('conversion_type', counts_direct) }}
    {%- if window_touches %}
    ) as eligible_touches
    where touch_number > touch_count - {{ window_touches }}
    {%- endif %}
{%- endmacro %}
