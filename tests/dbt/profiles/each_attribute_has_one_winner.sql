-- Where an attribute has candidates, exactly one of them wins.

select
    person_id,
    attribute,
    sum(case when is_winner then 1 else 0 end) as winner_count

from {{ ref('sojourn', 'profile_lineage') }}
group by person_id, attribute
having sum(case when is_winner then 1 else 0 end) <> 1
