{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['person_id', 'touchpoint_id'],
) }}

-- depends_on: {{ ref('sojourn', 'person_fingerprints') }}

with conversions as (

    select * from {{ ref('sojourn', 'conversions') }}

),

touchpoints as (

    select * from {{ ref('sojourn', 'touchpoints') }}
    where not coalesce(is_machine, false)

),

{% if is_incremental() %}
changed_persons as (

    {{ sojourn.changed_persons() }}

),
{% endif %}

creditable_kinds as (

    select distinct kind
    from {{ ref('sojourn', 'creditable_kinds') }}

),

-- A touch counts only while the conversion's window is open, and never after it.
touches_in_window as (

    select
        conversions.conversion_id,
        touchpoints.touchpoint_id,
        conversions.person_id,
        touchpoints.kind,
        touchpoints.channel,
        touchpoints.utm_source,
        touchpoints.campaign,
        touchpoints.campaign_id,
        coalesce(touchpoints.is_direct, false) as is_direct,
        touchpoints.touched_at,
        conversions.converted_at,
        {{ sojourn.this_run() }} as changed_in

    from conversions
    {% if is_incremental() %}
    inner join changed_persons on conversions.person_id = changed_persons.person_id
    {% endif %}
    inner join touchpoints
        on
            conversions.person_id = touchpoints.person_id
            and conversions.converted_at >= touchpoints.touched_at
            and touchpoints.touched_at > {{ sojourn.days_before(
                'conversions.converted_at', var('attribution_window_days')
            ) }}
    inner join creditable_kinds on touchpoints.kind = creditable_kinds.kind

)

{{ sojourn.replacement('touches_in_window', 'changed_persons', 'person_id') }}
