-- No person has more identifiers than the alarm allows: something that many share joins them.
select
    person_id,
    count(*) as identifier_count

from {{ ref('sojourn', 'identifiers') }}
where person_id is not null
group by person_id
having count(*) > {{ var('identity_alarms').person_identifiers }}
