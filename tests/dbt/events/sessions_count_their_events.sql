-- A session's count is the number of events that name it.
with counted as (

    select
        session_id,
        count(*) as event_count

    from {{ ref('sojourn', 'events') }}
    where session_id is not null
    group by session_id

)

select
    sessions.session_id,
    sessions.event_count,
    counted.event_count as found_count

from {{ ref('sojourn', 'sessions') }} as sessions
full outer join counted on sessions.session_id = counted.session_id
where sessions.event_count is distinct from counted.event_count
