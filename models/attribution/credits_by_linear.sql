{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    unique_key=['person_id', 'touchpoint_id'],
) }}

-- depends_on: {{ ref('sojourn', 'person_fingerprints') }}

-- Each touch in the window earns the same.

with creditable_touches as (

    {{ sojourn.creditable_touches('linear') }}

),

{% if is_incremental() %}
changed_persons as (

    {{ sojourn.changed_persons() }}

),
{% endif %}

credited_touches as (

    select
        conversion_id,
        touchpoint_id,
        person_id,
        cast(1 as {{ sojourn.type_double() }}) / touch_count as credit,
        {{ sojourn.this_run() }} as changed_in

    from creditable_touches

)

{{ sojourn.replacement('credited_touches', 'changed_persons', 'person_id') }}
