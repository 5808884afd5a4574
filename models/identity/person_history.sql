{{ config(materialized='view') }}

with owner_log as (

    select * from {{ ref('sojourn', 'owner_log') }}

),

history as (

    select
        identifier_type,
        identifier_value,
        person_id,
        status,
        lead(recorded_at) over (
            partition by identifier_type, identifier_value
            order by changed_in
        ) is null as is_current,
        valid_from,
        -- Nothing has ended an ownership in event time yet: what we know is when we knew it.
        cast(null as {{ sojourn.type_timestamp() }}) as valid_to,
        recorded_at as known_from,
        lead(recorded_at) over (
            partition by identifier_type, identifier_value
            order by changed_in
        ) as known_to

    from owner_log

)

-- An identifier that was removed is nobody's: that only ends who it was.
select * from history
where status <> 'removed'
