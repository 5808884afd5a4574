-- The log folded to state is exactly the table of members, in both directions.

with logged as (

    select
        audience,
        person_id

    from {{ ref('sojourn', 'membership_log') }}
    group by audience, person_id
    having max(change_number) % 2 = 1

)

select
    coalesce(logged.audience, members.audience) as audience,
    coalesce(logged.person_id, members.person_id) as person_id

from logged
full outer join {{ ref('sojourn', 'members') }} as members
    on
        logged.audience = members.audience
        and logged.person_id = members.person_id
where
    logged.person_id is null
    or members.person_id is null
