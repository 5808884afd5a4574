{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

with owner_log as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'owner_log') }}
    where person_id is not null

),

moves as (

    select
        identifier_type,
        identifier_value,
        person_id,
        previous_person_id,
        valid_from

    from owner_log
    where
        changed_in > {{ sojourn.last_run() }}
        and person_id is distinct from previous_person_id

),

identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers') }}

),

edge_observations as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'edge_observations') }}
    where
        not is_removed
        and not is_apart
        and not is_detached

),

-- Of the ids that something was taken from, those that still own an identifier.
current_persons as (

    select distinct identifiers.person_id
    from identifiers
    inner join moves on identifiers.person_id = moves.previous_person_id

),

-- Of the ids that were given something, those that had owned something before.
known_persons as (

    select distinct owner_log.person_id
    from owner_log
    inner join moves on owner_log.person_id = moves.person_id
    where owner_log.changed_in <= {{ sojourn.last_run() }}

),

created as (

    select
        'created' as change_type,
        moves.person_id,
        cast(null as {{ sojourn.type_string() }}) as other_person_id,
        min(moves.valid_from) as effective_at

    from moves
    left join known_persons on moves.person_id = known_persons.person_id
    where known_persons.person_id is null
    group by moves.person_id

),

-- An id that owns nothing any more went into another; one that still does gave something away.
merged_or_split as (

    select
        case when current_persons.person_id is null then 'merged' else 'split' end as change_type,
        moves.person_id,
        moves.previous_person_id as other_person_id,
        min(moves.valid_from) as first_valid_from

    from moves
    left join current_persons on moves.previous_person_id = current_persons.person_id
    where moves.previous_person_id is not null
    group by
        current_persons.person_id,
        moves.person_id,
        moves.previous_person_id

),

grown as (

    select distinct person_id
    from merged_or_split
    where change_type = 'merged'

),

-- What persons that took others in did not have before, by the person it came from; what nobody had
-- comes from nobody but itself.
arrived as (

    select
        moves.person_id,
        moves.identifier_type,
        moves.identifier_value,
        coalesce(
            moves.previous_person_id, moves.identifier_type || ':' || moves.identifier_value
        ) as origin

    from moves
    inner join grown on moves.person_id = grown.person_id

),

pairs_of_arrived as (

    select
        arrived.person_id,
        arrived.origin,
        edge_observations.right_type as other_type,
        edge_observations.right_value as other_value,
        edge_observations.first_seen_at

    from arrived
    inner join edge_observations
        on
            arrived.identifier_type = edge_observations.left_type
            and arrived.identifier_value = edge_observations.left_value

    union all

    select
        arrived.person_id,
        arrived.origin,
        edge_observations.left_type as other_type,
        edge_observations.left_value as other_value,
        edge_observations.first_seen_at

    from arrived
    inner join edge_observations
        on
            arrived.identifier_type = edge_observations.right_type
            and arrived.identifier_value = edge_observations.right_value

),

-- When they were first seen with each other, and with what the person had (of no origin).
met as (

    select
        pairs_of_arrived.person_id,
        pairs_of_arrived.origin,
        others.origin as other_origin,
        min(pairs_of_arrived.first_seen_at) as met_at

    from pairs_of_arrived
    inner join identifiers
        on
            pairs_of_arrived.other_type = identifiers.identifier_type
            and pairs_of_arrived.other_value = identifiers.identifier_value
            and pairs_of_arrived.person_id = identifiers.person_id
    left join arrived as others
        on
            pairs_of_arrived.other_type = others.identifier_type
            and pairs_of_arrived.other_value = others.identifier_value
    where others.origin is distinct from pairs_of_arrived.origin
    group by
        pairs_of_arrived.person_id,
        pairs_of_arrived.origin,
        others.origin

),

-- What came in by way of something else that did was joined when the later of both was.
joined_1 as (

    select
        person_id,
        origin,
        met_at as joined_at

    from met
    where other_origin is null

),

{% for place in [2, 3] -%}
joined_{{ place }} as (

    select
        met.person_id,
        met.origin,
        min(greatest(met.met_at, nearer.joined_at)) as joined_at

    from met
    inner join joined_{{ place - 1 }} as nearer
        on
            met.person_id = nearer.person_id
            and met.other_origin = nearer.origin
    group by
        met.person_id,
        met.origin

),

{% endfor -%}
joined_by_any as (

    select * from joined_1
    union all
    select * from joined_2
    union all
    select * from joined_3

),

joined as (

    select
        person_id,
        origin,
        min(joined_at) as joined_at

    from joined_by_any
    group by
        person_id,
        origin

),

-- Where more lies between, it was not before both ends of the way were there.
joined_at_earliest as (

    select
        met.person_id,
        met.origin,
        greatest(min(met.met_at), min(joined_1.joined_at)) as joined_at

    from met
    left join joined_1 on met.person_id = joined_1.person_id
    group by
        met.person_id,
        met.origin

),

changes as (

    select * from created

    union all

    select
        merged_or_split.change_type,
        merged_or_split.person_id,
        merged_or_split.other_person_id,
        coalesce(
            joined.joined_at, joined_at_earliest.joined_at, merged_or_split.first_valid_from
        ) as effective_at

    from merged_or_split
    left join joined
        on
            merged_or_split.change_type = 'merged'
            and merged_or_split.person_id = joined.person_id
            and merged_or_split.other_person_id = joined.origin
    left join joined_at_earliest
        on
            merged_or_split.change_type = 'merged'
            and merged_or_split.person_id = joined_at_earliest.person_id
            and merged_or_split.other_person_id = joined_at_earliest.origin

)

select
    {{ sojourn.hash_id(['change_type', 'person_id', 'other_person_id', sojourn.this_run()]) }}
        as change_id,
    change_type,
    person_id,
    other_person_id,
    case change_type
        when 'created' then 'first observation'
        when 'merged' then 'shared identifiers'
        else 'evidence or rules changed'
    end as reason,
    effective_at,
    {{ sojourn.run_at() }} as changed_at,
    {{ sojourn.run_at() }} as recorded_at,
    {{ sojourn.this_run() }} as changed_in

from changes
