{{ config(materialized='view') }}

{%- set weights = sojourn.model_weights(
    'custom', ['first', 'last', 'others'], lists=['first', 'last']
) %}

-- Weights of one's own: of the first touches in their order, of the last ones in theirs, and what
-- all others share. A touch that is among both earns both.

with creditable_touches as (

    {{ sojourn.creditable_touches('custom') }}

),

weighted as (

    select
        conversion_id,
        touchpoint_id,
        {% for weight in weights['first'] -%}
        case when touch_number = {{ loop.index }} then {{ weight }} else 0 end
        + {% endfor -%}
        {% for weight in weights['last'] -%}
        case when touch_count - touch_number = {{ loop.revindex0 }} then {{ weight }} else 0 end
        + {% endfor -%}
        0 as role_weight,
        touch_number <= {{ weights['first'] | length }}
        or touch_count - touch_number < {{ weights['last'] | length }} as has_role

    from creditable_touches

)

{{ sojourn.credit_by_role('weighted', weights['others']) }}
