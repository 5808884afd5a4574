-- Who owned an identifier, as known on a day: compile it and put in the identifier and the day.
select
    person_history.identifier_type,
    person_history.identifier_value,
    person_history.person_id,
    person_history.valid_from,
    person_history.known_from

from {{ ref('sojourn', 'person_history') }} as person_history
where
    person_history.identifier_type = 'email'
    and person_history.identifier_value = 'ana@example.org'
    and person_history.known_from <= cast('2026-05-05' as timestamp)
    and (person_history.known_to > cast('2026-05-05' as timestamp) or person_history.known_to is null)
