with edge_observations as (

    select * from {{ ref('sojourn', 'edge_observations') }}

),

identifiers as (

    select * from {{ ref('sojourn', 'identifiers') }}

),

edges as (

    select
        edge_observations.left_type,
        edge_observations.left_value,
        edge_observations.right_type,
        edge_observations.right_value,
        edge_observations.rule,
        edge_observations.source,
        edge_observations.first_record_id,
        edge_observations.last_record_id,
        case
            when lefts.status = 'blocked' or rights.status = 'blocked' then 'blocked'
            when lefts.person_id = rights.person_id then 'active'
            else 'demoted'
        end as status,
        case
            when lefts.person_id = rights.person_id then null
            else coalesce(
                case when lefts.status <> 'active' then lefts.status_reason end,
                case when rights.status <> 'active' then rights.status_reason end,
                'would join persons that break a limit'
            )
        end as status_reason,
        cast(1 as {{ sojourn.type_double() }}) as score,
        edge_observations.observation_count,
        edge_observations.first_seen_at,
        edge_observations.last_seen_at

    from edge_observations
    inner join identifiers as lefts
        on
            edge_observations.left_type = lefts.identifier_type
            and edge_observations.left_value = lefts.identifier_value
    inner join identifiers as rights
        on
            edge_observations.right_type = rights.identifier_type
            and edge_observations.right_value = rights.identifier_value

)

select * from edges
