{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace_changed'),
    partition_by=sojourn.partition(),
    unique_key=['person_key', 'conversion_id'],
) }}

-- depends_on: {{ ref('sojourn', 'person_fingerprints') }}

with conversions as {{ sojourn.inline() }} (

    select
        *,
        coalesce(person_id, conversion_id) as person_key

    from {{ ref('sojourn', 'conversions') }}

),

conversion_touches as (

    select * from {{ ref('sojourn', 'conversion_touches') }}

),

conversion_milestones as (

    select * from {{ ref('sojourn', 'conversion_milestones') }}

),

rules as (

    {{ sojourn.fingerprint_of_rules() }}

),

{% if is_incremental() %}
changed_persons as (

    select person_id as person_key
    from ({{ sojourn.changed_persons() }}) as changed

),
{% endif %}

changed_conversions as {{ sojourn.inline() }} (

    select conversions.*
    from conversions
    {% if is_incremental() %}
    inner join changed_persons on conversions.person_key = changed_persons.person_key
    {% endif %}

),

fingerprints as (

    select
        conversion_id,
        {{ sojourn.fingerprint(
            ['conversion_id', 'person_id', 'conversion_type', 'revenue', 'converted_at']
        ) }} as fingerprint

    from changed_conversions

    union all

    select
        conversion_touches.conversion_id,
        {{ sojourn.fingerprint([
            'conversion_touches.conversion_id',
            'conversion_touches.touchpoint_id',
            'conversion_touches.kind',
            'conversion_touches.channel',
            'conversion_touches.utm_source',
            'conversion_touches.campaign',
            'conversion_touches.campaign_id',
            'conversion_touches.is_direct',
            'conversion_touches.touched_at',
            'conversion_touches.previous_converted_at',
        ]) }} as fingerprint

    from conversion_touches
    inner join changed_conversions
        on conversion_touches.conversion_id = changed_conversions.conversion_id

    union all

    select
        conversion_milestones.conversion_id,
        {{ sojourn.fingerprint([
            'conversion_milestones.conversion_id',
            'conversion_milestones.lead_created_at',
            'conversion_milestones.opportunity_created_at',
        ]) }} as fingerprint

    from conversion_milestones
    inner join changed_conversions
        on conversion_milestones.conversion_id = changed_conversions.conversion_id

),

summed as (

    select
        conversion_id,
        sum(fingerprint) as fingerprint

    from fingerprints
    group by conversion_id

),

stamped as (

    select
        changed_conversions.person_key,
        changed_conversions.conversion_id,
        cast(summed.fingerprint + rules.fingerprint as {{ sojourn.type_wide_integer() }})
            as fingerprint,
        {{ sojourn.this_run() }} as changed_in

    from changed_conversions
    inner join summed on changed_conversions.conversion_id = summed.conversion_id
    cross join rules

)

{{ sojourn.replacement('stamped', 'changed_persons', 'person_key') }}
