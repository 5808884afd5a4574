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
        person_id,
        previous_person_id,
        valid_from

    from owner_log
    where
        changed_in > {{ sojourn.last_run() }}
        and person_id is distinct from previous_person_id

),

-- Of the ids that something was taken from, those that still own an identifier.
current_persons as (

    select distinct identifiers.person_id
    from {{ ref('sojourn', 'identifiers') }} as identifiers
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
        min(moves.valid_from) as effective_at

    from moves
    left join current_persons on moves.previous_person_id = current_persons.person_id
    where moves.previous_person_id is not null
    group by
        case when current_persons.person_id is null then 'merged' else 'split' end,
        moves.person_id,
        moves.previous_person_id

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
