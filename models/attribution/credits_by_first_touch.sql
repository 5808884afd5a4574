{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    unique_key=['person_id', 'touchpoint_id'],
) }}

-- depends_on: {{ ref('sojourn', 'person_fingerprints') }}

-- All credit to the first touch in the window.

with creditable_touches as (

    {{ sojourn.creditable_touches('first_touch') }}

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
    where touch_number = 1

)

{{ sojourn.replacement('credited_touches', 'changed_persons', 'person_id') }}
