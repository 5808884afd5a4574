-- Identifiers that were seen together have the same person, unless one of them is blocked or
-- demoted, a steward keeps them apart, or both are of one tier: there an edge alone can be demoted.
select
    edges.left_type,
    edges.left_value,
    edges.right_type,
    edges.right_value

from {{ ref('sojourn', 'edge_observations') }} as edges
inner join {{ ref('sojourn', 'identifiers') }} as lefts
    on
        edges.left_type = lefts.identifier_type
        and edges.left_value = lefts.identifier_value
inner join {{ ref('sojourn', 'identifiers') }} as rights
    on
        edges.right_type = rights.identifier_type
        and edges.right_value = rights.identifier_value
where
    not edges.is_removed
    and not edges.is_apart
    and not edges.is_detached
    and lefts.status = 'active'
    and rights.status = 'active'
    and lefts.tier <> rights.tier
    and lefts.person_id is distinct from rights.person_id
