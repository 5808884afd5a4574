-- An edge that is active joins its two identifiers: they have the same person.
select
    edges.left_type,
    edges.left_value,
    edges.right_type,
    edges.right_value

from {{ ref('sojourn', 'edges') }} as edges
inner join {{ ref('sojourn', 'identifiers') }} as lefts
    on
        edges.left_type = lefts.identifier_type
        and edges.left_value = lefts.identifier_value
inner join {{ ref('sojourn', 'identifiers') }} as rights
    on
        edges.right_type = rights.identifier_type
        and edges.right_value = rights.identifier_value
where
    edges.status = 'active'
    and lefts.person_id is distinct from rights.person_id
