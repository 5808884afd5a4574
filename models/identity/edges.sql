{{ config(materialized='view') }}

with edge_observations as (

    select * from {{ ref('sojourn', 'edge_observations') }}
    where
        not is_removed
        and not is_apart

),

identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers') }}

),

match_pairs as (

    select
        pair_id,
        score

    from {{ ref('sojourn', 'match_pairs') }}

),

pairs as (

    select
        left_type,
        left_value,
        right_type,
        right_value,
        rule,
        source,
        {{ sojourn.first_by('first_record_id', 'first_seen_at') }} as first_record_id,
        {{ sojourn.last_by('last_record_id', 'last_seen_at') }} as last_record_id,
        cast(sum(observation_count) as {{ sojourn.type_bigint() }}) as observation_count,
        bool_and(is_detached) as is_detached,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at

    from edge_observations
    group by left_type, left_value, right_type, right_value, rule, source

),

edges as (

    select
        pairs.left_type,
        pairs.left_value,
        pairs.right_type,
        pairs.right_value,
        pairs.rule,
        pairs.source,
        pairs.first_record_id,
        pairs.last_record_id,
        case
            when lefts.status = 'blocked' or rights.status = 'blocked' then 'blocked'
            when lefts.person_id = rights.person_id then 'active'
            else 'demoted'
        end as status,
        case
            when lefts.person_id = rights.person_id then null
            when pairs.is_detached then 'detached by a steward'
            else coalesce(
                case when lefts.status <> 'active' then lefts.status_reason end,
                case when rights.status <> 'active' then rights.status_reason end,
                'would join persons that break a limit'
            )
        end as status_reason,
        case
            when pairs.source = 'matching' then match_pairs.score
            else cast(1 as {{ sojourn.type_double() }})
        end as score,
        pairs.observation_count,
        pairs.first_seen_at,
        pairs.last_seen_at

    from pairs
    inner join identifiers as lefts
        on
            pairs.left_type = lefts.identifier_type
            and pairs.left_value = lefts.identifier_value
    inner join identifiers as rights
        on
            pairs.right_type = rights.identifier_type
            and pairs.right_value = rights.identifier_value
    left join match_pairs
        on
            pairs.source = 'matching'
            and pairs.first_record_id = match_pairs.pair_id

)

select * from edges
