-- The changes of a person in an audience alternate, beginning with an entry: they are numbered
-- without a gap, and the odd ones enter.

select
    audience,
    person_id,
    count(*) as change_count

from {{ ref('sojourn', 'membership_log') }}
group by audience, person_id
having
    max(change_number) <> count(*)
    or min(change_number) <> 1
    or sum(case when change = 'enter' then 1 else 0 end)
    <> sum(case when change_number % 2 = 1 then 1 else 0 end)
    or sum(case when change = 'exit' and change_number % 2 = 1 then 1 else 0 end) > 0
