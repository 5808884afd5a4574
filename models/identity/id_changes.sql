{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

with owner_log as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'owner_log') }}
    where person_id is not null

),

moves as {{ sojourn.inline() }} (

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

taken as {{ sojourn.inline() }} (

    select * from moves
    where previous_person_id is not null

),

-- What came from another person, and each of its pairs.
pairs_of_taken as (

    select
        taken.person_id,
        taken.previous_person_id,
        edge_observations.right_type as other_type,
        edge_observations.right_value as other_value,
        edge_observations.first_seen_at

    from taken
    inner join edge_observations
        on
            taken.identifier_type = edge_observations.left_type
            and taken.identifier_value = edge_observations.left_value

    union all

    select
        taken.person_id,
        taken.previous_person_id,
        edge_observations.left_type as other_type,
        edge_observations.left_value as other_value,
        edge_observations.first_seen_at

    from taken
    inner join edge_observations
        on
            taken.identifier_type = edge_observations.right_type
            and taken.identifier_value = edge_observations.right_value

),

-- When it was first seen with something of the person that did not come with it.
joined as (

    select
        pairs_of_taken.person_id,
        pairs_of_taken.previous_person_id,
        min(pairs_of_taken.first_seen_at) as joined_at

    from pairs_of_taken
    inner join identifiers
        on
            pairs_of_taken.other_type = identifiers.identifier_type
            and pairs_of_taken.other_value = identifiers.identifier_value
            and pairs_of_taken.person_id = identifiers.person_id
    left join taken
        on
            pairs_of_taken.other_type = taken.identifier_type
            and pairs_of_taken.other_value = taken.identifier_value
            and pairs_of_taken.previous_person_id = taken.previous_person_id
    where taken.identifier_type is null
    group by pairs_of_taken.person_id, pairs_of_taken.previous_person_id

),

-- An id that owns nothing any more went into another; one that still does gave something away.
merged_or_split as (

    select
        case when current_persons.person_id is null then 'merged' else 'split' end as change_type,
        taken.person_id,
        taken.previous_person_id as other_person_id,
        case
            when current_persons.person_id is null
                then coalesce(min(joined.joined_at), min(taken.valid_from))
            else min(taken.valid_from)
        end as effective_at

    from taken
    left join current_persons on taken.previous_person_id = current_persons.person_id
    left join joined
        on
            taken.person_id = joined.person_id
            and taken.previous_person_id = joined.previous_person_id
    group by
        current_persons.person_id,
        taken.person_id,
        taken.previous_person_id

),

changes as (

    select * from created

    union all

    select * from merged_or_split

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
