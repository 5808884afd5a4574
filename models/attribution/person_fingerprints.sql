{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('delete+insert'),
    partition_by=sojourn.partition(),
    unique_key='person_key',
) }}

with touchpoints as (

    select
        person_id,
        kind,
        fingerprint

    from {{ ref('sojourn', 'touchpoints') }}
    where
        person_id is not null
        and not coalesce(is_machine, false)

),

conversions as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'conversions') }}

),

conversion_milestones as (

    select * from {{ ref('sojourn', 'conversion_milestones') }}

),

creditable_kinds as (

    select distinct kind
    from {{ ref('sojourn', 'creditable_kinds') }}

),

fingerprints as (

    select
        touchpoints.person_id as person_key,
        touchpoints.fingerprint

    from touchpoints
    inner join creditable_kinds on touchpoints.kind = creditable_kinds.kind

    union all

    select
        coalesce(person_id, conversion_id) as person_key,
        {{ sojourn.fingerprint(['conversion_id', 'conversion_type', 'revenue', 'converted_at']) }}
            as fingerprint

    from conversions

    union all

    select
        coalesce(person_id, conversion_id) as person_key,
        {{ sojourn.fingerprint(['conversion_id', 'lead_created_at', 'opportunity_created_at']) }}
            as fingerprint

    from conversion_milestones

),

rules as (

    {{ sojourn.fingerprint_of_rules() }}

),

summed as (

    select
        person_key,
        sum(fingerprint) as fingerprint

    from fingerprints
    group by person_key

),

persons as (

    select
        summed.person_key,
        cast(summed.fingerprint + rules.fingerprint as {{ sojourn.type_wide_integer() }})
            as fingerprint

    from summed
    cross join rules

),

-- A person who is gone, merged into another, keeps a row.
changed_persons as (

    {% if is_incremental() -%}
    select
        coalesce(persons.person_key, persons_kept.person_key) as person_key,
        persons.fingerprint

    from persons
    full outer join {{ this }} as persons_kept on persons.person_key = persons_kept.person_key
    where persons.fingerprint is distinct from persons_kept.fingerprint
    {%- else -%}
    select * from persons
    {%- endif %}

),

stamped as (

    select
        *,
        {{ sojourn.this_run() }} as changed_in

    from changed_persons

)

{{ sojourn.rewritten('stamped') }}
