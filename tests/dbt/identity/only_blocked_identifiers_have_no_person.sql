-- Every identifier has a person, unless it is blocked.
select
    identifier_type,
    identifier_value,
    status

from {{ ref('sojourn', 'identifiers') }}
where
    (person_id is null and status <> 'blocked')
    or (person_id is not null and status = 'blocked')
