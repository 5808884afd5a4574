-- One profile for each person who owns an identifier, and no other. (That persons are unique is
-- the primary key's test; a table that is empty while persons exist fails here.)

with persons as (

    select distinct person_id
    from {{ ref('sojourn', 'identifiers') }}
    where person_id is not null

)

select
    persons.person_id,
    profiles.person_id as profile_person_id

from persons
full outer join {{ ref('sojourn', 'profiles') }} as profiles
    on persons.person_id = profiles.person_id
where
    persons.person_id is null
    or profiles.person_id is null
