select
    identifier_id,
    identifier_type,
    tier,
    values_per_person,
    person_limit

from {{ ref('sojourn', 'identifiers_observed') }}
where blocked_reason is null
