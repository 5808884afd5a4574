with observations as (

    select * from {{ ref('sojourn', 'identifier_observations') }}

),

identifiers as (

    select * from {{ ref('sojourn', 'identifiers_observed') }}

),

steward_rules as (

    select * from {{ ref('sojourn', 'steward_rules') }}
    where revoked_at is null or revoked_at > {{ sojourn.run_at() }}

),

detached as (

    select distinct
        left_type,
        left_value
    from steward_rules
    where action = 'detach'

),

ranked as (

    select
        observations.*,
        identifiers.identifier_id,
        detached.left_value is not null as is_detached,
        row_number() over (
            partition by observations.group_id
            order by
                case
                    when identifiers.blocked_reason is null and detached.left_value is null then 0
                    else 1
                end,
                identifiers.tier,
                observations.identifier_type,
                observations.identifier_value
        ) as strength

    from observations
    inner join identifiers
        on
            observations.identifier_type = identifiers.identifier_type
            and observations.identifier_value = identifiers.identifier_value
    left join detached
        on
            observations.identifier_type = detached.left_type
            and observations.identifier_value = detached.left_value

),

-- The strongest identifier of a group holds it together: an edge from it to each of the others.
pairs as (

    select
        strongest.identifier_id as left_id,
        others.identifier_id as right_id,
        strongest.identifier_type as left_type,
        strongest.identifier_value as left_value,
        others.identifier_type as right_type,
        others.identifier_value as right_value,
        others.rule,
        others.source,
        others.first_record_id,
        others.last_record_id,
        others.observation_count,
        others.first_seen_at,
        others.last_seen_at

    from ranked as others
    inner join ranked as strongest
        on
            others.group_id = strongest.group_id
            and strongest.strength = 1
    where
        others.strength > 1
        and not others.is_detached
        and not strongest.is_detached
        and others.identifier_id <> strongest.identifier_id

),

steward_pairs as (

    select
        lefts.identifier_id as left_id,
        rights.identifier_id as right_id,
        lefts.identifier_type as left_type,
        lefts.identifier_value as left_value,
        rights.identifier_type as right_type,
        rights.identifier_value as right_value,
        'steward' as rule,
        'steward' as source,
        steward_rules.rule_id as first_record_id,
        steward_rules.rule_id as last_record_id,
        1 as observation_count,
        steward_rules.recorded_at as first_seen_at,
        steward_rules.recorded_at as last_seen_at

    from steward_rules
    inner join identifiers as lefts
        on
            steward_rules.left_type = lefts.identifier_type
            and steward_rules.left_value = lefts.identifier_value
    inner join identifiers as rights
        on
            steward_rules.right_type = rights.identifier_type
            and steward_rules.right_value = rights.identifier_value
    where
        steward_rules.action = 'link'
        and lefts.identifier_id <> rights.identifier_id

),

all_pairs as (

    select * from pairs

    union all

    select * from steward_pairs

),

edges as (

    select
        left_id,
        right_id,
        left_type,
        left_value,
        right_type,
        right_value,
        rule,
        source,
        {{ sojourn.first_by('first_record_id', 'first_seen_at') }} as first_record_id,
        {{ sojourn.last_by('last_record_id', 'last_seen_at') }} as last_record_id,
        cast(sum(observation_count) as {{ sojourn.type_bigint() }}) as observation_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at

    from all_pairs
    group by left_id, right_id, left_type, left_value, right_type, right_value, rule, source

)

select * from edges
