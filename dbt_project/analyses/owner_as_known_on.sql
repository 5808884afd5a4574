-- Who owned an identifier on 3 February, as known on 5 March: compile it, and put in your own.
select
    person_history.person_id,
    person_history.status

from {{ ref('sojourn', 'person_history') }} as person_history
where
    person_history.identifier_type = 'email'
    and person_history.identifier_value = 'ana@example.org'
    and person_history.valid_from <= cast('2026-02-03' as timestamp)
    and (
        person_history.valid_to > cast('2026-02-03' as timestamp)
        or person_history.valid_to is null
    )
    and person_history.known_from <= cast('2026-03-05' as timestamp)
    and (
        person_history.known_to > cast('2026-03-05' as timestamp)
        or person_history.known_to is null
    )
