{% set returning_types = sojourn.conversion_types_with('customers', 'returning') -%}

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

{% if returning_types %}
first_conversions as (

    {{ sojourn.first_conversions(returning_types) }}

),
{% endif %}

-- A person's conversions of a type follow each other; the first of returning customers follows that
-- which made them customers.
followed as (

    select
        conversions.conversion_id,
        conversions.person_id,
        conversions.conversion_type,
        conversions.converted_at,
        {{ 'coalesce(' if returning_types }}lag(conversions.converted_at) over (
            partition by conversions.person_id, conversions.conversion_type
            order by
                conversions.converted_at, {{ sojourn.in_byte_order('conversions.conversion_id') }}
        ){{ ', first_conversions.first_converted_at)' if returning_types }}
            as previous_converted_at

    from conversions
    {% if returning_types %}
    left join first_conversions
        on
            conversions.person_id = first_conversions.person_id
            and conversions.conversion_type = first_conversions.conversion_type
    {% endif %}
    {% if is_incremental() %}
    inner join changed_persons on conversions.person_id = changed_persons.person_id
    {% endif %}
    where conversions.person_id is not null

),

-- A touch counts only while the conversion's window is open, and never after it.
touches_in_window as (

    select
        followed.conversion_id,
        touchpoints.touchpoint_id,
        followed.person_id,
        followed.conversion_type,
        touchpoints.kind,
        touchpoints.channel,
        touchpoints.utm_source,
        touchpoints.campaign,
        touchpoints.campaign_id,
        coalesce(touchpoints.is_direct, false) as is_direct,
        touchpoints.touched_at,
        followed.converted_at,
        followed.previous_converted_at,
        {{ sojourn.this_run() }} as changed_in

    from followed
    inner join touchpoints
        on
            followed.person_id = touchpoints.person_id
            and followed.converted_at >= touchpoints.touched_at
            and touchpoints.touched_at > {{ sojourn.days_before(
                'followed.converted_at',
                sojourn.window_days('followed.conversion_type', 'touchpoints.kind')
            ) }}
    inner join creditable_kinds on touchpoints.kind = creditable_kinds.kind
    {% set channel_counts = sojourn.channel_counts(
        'followed.conversion_type', 'touchpoints.channel'
    ) -%}
    {% if channel_counts %}where {{ channel_counts }}{% endif %}

)

{{ sojourn.replacement('touches_in_window', 'changed_persons', 'person_id') }}
