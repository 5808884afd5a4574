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

touch_credit_rules as (

    select * from {{ ref('sojourn', 'touch_credit_rules') }}

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

-- What all attribution depends on beside these rows.
rules as (

    select sum({{ sojourn.fingerprint(['kind', 'model', 'earns_credit']) }}) as fingerprint
    from touch_credit_rules

),

conversion_types as (

    select sum({{ sojourn.fingerprint(['conversion_type']) }}) as fingerprint
    from (select distinct conversion_type from conversions) as types

),

settings as (

    select
        md5(
            '{{ var('attribution_window_days') }} {{ sojourn.credit_models() }} '
            || coalesce(cast(rules.fingerprint as {{ sojourn.type_string() }}), '') || ' '
            || coalesce(cast(conversion_types.fingerprint as {{ sojourn.type_string() }}), '')
        ) as fingerprint

    from rules
    cross join conversion_types

),

summed as (

    select
        person_key,
        sum(fingerprint) as fingerprint,
        count(*) as row_count

    from fingerprints
    group by person_key

),

persons as (

    select
        summed.person_key,
        cast(summed.fingerprint as {{ sojourn.type_string() }})
        || ' ' || cast(summed.row_count as {{ sojourn.type_string() }})
        || ' ' || settings.fingerprint as fingerprint

    from summed
    cross join settings

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
