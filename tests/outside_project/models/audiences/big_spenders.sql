-- Spent more than a hundred with us.

select
    person_id,
    'Spent ' || cast(sum(revenue) as {{ sojourn.type_string() }}) as reason

from {{ ref('sojourn', 'orders') }}
where person_id is not null
group by person_id
having sum(revenue) > 100
