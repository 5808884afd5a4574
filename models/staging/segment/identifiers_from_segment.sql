-- An event's own identifiers are read from the event. What is left are the former ids that an alias
-- call names, a device's id (a UUID, as Segment's libraries make them) or an earlier user id, and
-- whose the traits of an identify call are.
with aliases as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'stg_segment__events') }}
    where
        event_type = 'alias'
        and previous_id is not null
        and user_id is not null
        and quarantine_reason is null

),

identify_calls as (

    select
        coalesce(user_id, email) as record_id,
        user_id,
        'segment' as source,
        load_id,
        occurred_at as observed_at,
        loaded_at

    from {{ ref('sojourn', 'stg_segment__events') }}
    where
        event_type = 'identify'
        and traits is not null
        and coalesce(user_id, email) is not null
        and quarantine_reason is null

),

former_ids as (

    select
        event_id as record_id,
        'segment' as source,
        'alias' as rule,
        case
            when
                previous_id = anonymous_id
                or {{ sojourn.regexp_like(
                    'lower(previous_id)', "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
                ) }}
                then 'anonymous_id'
            else 'user_id'
        end as identifier_type,
        previous_id as identifier_value,
        load_id,
        occurred_at as observed_at,
        loaded_at

    from aliases

),

new_ids as (

    select
        event_id as record_id,
        'segment' as source,
        'alias' as rule,
        'user_id' as identifier_type,
        user_id as identifier_value,
        load_id,
        occurred_at as observed_at,
        loaded_at

    from aliases

),

owners_of_traits as (

    select
        record_id,
        source,
        'identify' as rule,
        case when record_id = user_id then 'user_id' else 'email' end as identifier_type,
        record_id as identifier_value,
        load_id,
        observed_at,
        loaded_at

    from identify_calls

),

identifiers as (

    select * from former_ids

    union all

    select * from new_ids

    union all

    select * from owners_of_traits

)

select * from identifiers
