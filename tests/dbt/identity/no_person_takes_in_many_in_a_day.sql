-- No person takes in more others within a day than the alarm allows.
select
    person_id,
    date_trunc('day', changed_at) as day,
    count(*) as person_count

from {{ ref('sojourn', 'id_changes') }}
where change_type = 'merged'
group by person_id, date_trunc('day', changed_at)
having count(*) > {{ var('identity_alarms').persons_merged_in_a_day }}
