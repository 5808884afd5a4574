-- The last entry of the log for an identifier says who owns it now.
select
    identifiers.identifier_type,
    identifiers.identifier_value

from {{ ref('sojourn', 'identifiers') }} as identifiers
left join {{ ref('sojourn', 'person_history') }} as person_history
    on
        identifiers.identifier_type = person_history.identifier_type
        and identifiers.identifier_value = person_history.identifier_value
        and person_history.is_current
where
    person_history.identifier_type is null
    or identifiers.person_id is distinct from person_history.person_id
