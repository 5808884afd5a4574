{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['group_id', 'person_id'],
) }}

-- depends_on: {{ ref('sojourn', 'owner_log') }}

with observations as {{ sojourn.inline() }} (

    select
        group_id,
        source,
        rule,
        first_record_id as record_id,
        identifier_type,
        identifier_value,
        is_removed,
        changed_in

    from {{ ref('sojourn', 'identifier_observations') }}
    where rule not in ('same_event', 'matching')

),

identifiers as (

    select * from {{ ref('sojourn', 'identifiers') }}
    where person_id is not null

),

{% if is_incremental() %}
moved_identifiers as (

    select distinct
        identifier_type,
        identifier_value

    from {{ ref('sojourn', 'owner_log') }}
    where changed_in > {{ sojourn.last_run() }}

),

changed_groups as (

    select group_id
    from observations
    where changed_in > {{ sojourn.last_run() }}

    union

    select observations.group_id
    from observations
    inner join moved_identifiers
        on
            observations.identifier_type = moved_identifiers.identifier_type
            and observations.identifier_value = moved_identifiers.identifier_value

),
{% endif %}

ranked as (

    select
        observations.group_id,
        observations.source,
        observations.record_id,
        observations.rule,
        identifiers.person_id,
        identifiers.is_device,
        row_number() over (
            partition by observations.group_id
            order by
                case
                    when identifiers.status = 'active' then 0
                    when identifiers.person_id is not null then 1
                    else 2
                end,
                identifiers.tier,
                identifiers.identifier_type,
                identifiers.identifier_value
        ) as strength

    from observations
    {% if is_incremental() %}
    inner join changed_groups on observations.group_id = changed_groups.group_id
    {% endif %}
    left join identifiers
        on
            observations.identifier_type = identifiers.identifier_type
            and observations.identifier_value = identifiers.identifier_value
    where not observations.is_removed

),

owners as (

    select
        group_id,
        source,
        record_id,
        rule,
        person_id,
        is_device,
        {{ sojourn.this_run() }} as changed_in

    from ranked
    where
        strength = 1
        and person_id is not null

)

{{ sojourn.replacement('owners', 'changed_groups', 'group_id') }}
