{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=["identifier_type || ':' || identifier_value", 'identifier_type'],
) }}

-- depends_on: {{ ref('identifier_types') }}
-- depends_on: {{ ref('blocked_identifiers') }}

{{ sojourn.check_types_are_known('blocked_identifiers', ['identifier_type'], 'pattern', ['*']) }}

{% set rules = sojourn.identity_rules() %}
{%- set only_changed = sojourn.identity_rules_stay(rules) %}

with observations as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifier_observations') }}

),

identifier_types as (

    select * from {{ ref('identifier_types') }}

),

blocked_identifiers as (

    select * from {{ ref('blocked_identifiers') }}

),

{% if only_changed %}
changed as (

    select distinct
        identifier_type,
        identifier_value

    from observations
    where changed_in > {{ sojourn.last_run() }}

),
{% endif %}

identifiers as (

    select
        observations.identifier_type,
        observations.identifier_value,
        sum(case when observations.is_removed then 0 else observations.observation_count end)
            as observation_count,
        min(case when not observations.is_removed then observations.first_seen_at end)
            as first_seen_at,
        max(case when not observations.is_removed then observations.last_seen_at end)
            as last_seen_at,
        min(case when not observations.is_removed then observations.first_loaded_at end)
            as first_loaded_at,
        bool_and(observations.is_removed) as is_removed

    from observations
    {% if only_changed %}
    inner join changed
        on
            observations.identifier_type = changed.identifier_type
            and observations.identifier_value = changed.identifier_value
    {% endif %}
    group by observations.identifier_type, observations.identifier_value

),

-- One constant pattern finds the few that any rule could mean: engines compile it once.
suspects as (

    select
        identifier_type,
        identifier_value

    from identifiers
    where {{ sojourn.regexp_like(
        'lower(identifier_value)', sojourn.seed_pattern('blocked_identifiers')
    ) }}

),

blocked as (

    select
        suspects.identifier_type,
        suspects.identifier_value,
        min(blocked_identifiers.reason) as blocked_reason

    from suspects
    inner join blocked_identifiers
        on
            blocked_identifiers.identifier_type in ('*', suspects.identifier_type)
            and {{ sojourn.regexp_like(
                'lower(suspects.identifier_value)', 'blocked_identifiers.pattern'
            ) }}
    group by suspects.identifier_type, suspects.identifier_value

),

judged as (

    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        case
            when blocked.blocked_reason is not null then blocked.blocked_reason
            when
                {{ sojourn.breaks_type_pattern(
                    'identifiers.identifier_type', 'identifiers.identifier_value'
                ) }}
                then 'not a valid ' || identifiers.identifier_type
        end as blocked_reason,
        {{ sojourn.tier_of('identifier_types') }} as tier,
        identifier_types.values_per_person,
        identifier_types.person_limit,
        identifier_types.person_limit_days,
        cast(identifiers.observation_count as {{ sojourn.type_bigint() }}) as observation_count,
        coalesce(identifier_types.is_device, false) as is_device,
        identifiers.is_removed,
        '{{ rules }}' as rules,
        identifiers.first_seen_at,
        identifiers.last_seen_at,
        identifiers.first_loaded_at,
        {{ sojourn.this_run() }} as changed_in

    from identifiers
    left join blocked
        on
            identifiers.identifier_type = blocked.identifier_type
            and identifiers.identifier_value = blocked.identifier_value
    left join identifier_types
        on identifiers.identifier_type = identifier_types.identifier_type

)

{{ sojourn.rewritten('judged') }}
