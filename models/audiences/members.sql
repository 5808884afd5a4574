with members_evaluated as (

    select * from {{ ref('sojourn', 'members_evaluated') }}

),

membership_log as (

    select * from {{ ref('sojourn', 'membership_log') }}

),

-- The log has an entry for every member by now; the last one is when this membership began.
entries as (

    select
        audience,
        person_id,
        max(changed_at) as entered_at

    from membership_log
    where change = 'enter'
    group by audience, person_id

)

select
    members_evaluated.audience,
    members_evaluated.person_id,
    members_evaluated.reason,
    entries.entered_at

from members_evaluated
left join entries
    on
        members_evaluated.audience = entries.audience
        and members_evaluated.person_id = entries.person_id
