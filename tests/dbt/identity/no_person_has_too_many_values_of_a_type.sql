-- No person has more values of a limited type (two user ids, say) than the seed allows.
select
    identifiers.person_id,
    identifiers.identifier_type,
    count(*) as value_count

from {{ ref('sojourn', 'identifiers') }} as identifiers
inner join {{ ref('identifier_types') }} as identifier_types
    on identifiers.identifier_type = identifier_types.identifier_type
where identifiers.person_id is not null
group by identifiers.person_id, identifiers.identifier_type, identifier_types.values_per_person
having count(*) > identifier_types.values_per_person
