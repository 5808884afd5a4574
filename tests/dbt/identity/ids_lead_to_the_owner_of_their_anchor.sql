-- Every id ever given leads to itself while it owns anything, and then to whoever owns its anchor.
with id_mapping as (

    select * from {{ ref('sojourn', 'id_mapping') }}

),

identifiers as (

    select * from {{ ref('sojourn', 'identifiers') }}

),

given_ids as (

    select distinct person_id
    from {{ ref('sojourn', 'owner_log') }}
    where person_id is not null

),

owning as (

    select distinct person_id
    from identifiers

)

select
    given_ids.person_id,
    id_mapping.current_person_id

from given_ids
left join id_mapping on given_ids.person_id = id_mapping.person_id
left join owning on given_ids.person_id = owning.person_id
left join {{ ref('sojourn', 'identifier_ledger') }} as ledger
    on given_ids.person_id = ledger.anchored_person_id
left join identifiers as anchors
    on
        ledger.identifier_type = anchors.identifier_type
        and ledger.identifier_value = anchors.identifier_value
where
    id_mapping.person_id is null
    or id_mapping.current_person_id is distinct from
    coalesce(owning.person_id, anchors.person_id)
