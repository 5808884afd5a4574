with observations as (

    select * from {{ ref('sojourn', 'identifier_observations') }}

),

identifier_types as (

    select * from {{ ref('sojourn', 'identifier_types') }}

),

blocked_identifiers as (

    select * from {{ ref('sojourn', 'blocked_identifiers') }}

),

identifiers as (

    select
        identifier_type,
        identifier_value,
        sum(observation_count) as observation_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(first_loaded_at) as first_loaded_at

    from observations
    group by identifier_type, identifier_value

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

-- Numbers in random order, so that components are found in few rounds.
numbered as (

    select
        row_number() over (
            order by
                md5(identifiers.identifier_type || ':' || identifiers.identifier_value),
                identifiers.identifier_type,
                identifiers.identifier_value
        ) as identifier_id,
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
        -- A type that the seed does not know joins after the account ids and before e-mail.
        coalesce(identifier_types.tier, 2) as tier,
        identifier_types.values_per_person,
        identifier_types.person_limit,
        cast(identifiers.observation_count as {{ sojourn.type_bigint() }}) as observation_count,
        coalesce(identifier_types.is_device, false) as is_device,
        identifiers.first_seen_at,
        identifiers.last_seen_at,
        identifiers.first_loaded_at

    from identifiers
    left join blocked
        on
            identifiers.identifier_type = blocked.identifier_type
            and identifiers.identifier_value = blocked.identifier_value
    left join identifier_types
        on identifiers.identifier_type = identifier_types.identifier_type

)

select * from numbered
