{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    unique_key=['person_id', 'touchpoint_id'],
) }}

-- depends_on: {{ ref('sojourn', 'person_fingerprints') }}

-- All credit to the last touch in the window, direct visits too (Google Analytics' rule).

with creditable_touches as (

    {{ sojourn.creditable_touches('last_touch', counts_direct=true) }}

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
        1 as credit,
        {{ sojourn.this_run() }} as changed_in

    from creditable_touches
    where touch_number = touch_count

)

{{ sojourn.replacement('credited_touches', 'changed_persons', 'person_id') }}
