with owner_log as (

    select distinct person_id
    from {{ ref('sojourn', 'owner_log') }}
    where person_id is not null

),

ledger as (

    select * from {{ ref('sojourn', 'identifier_ledger') }}

),

identifiers as (

    select * from {{ ref('sojourn', 'identifiers') }}

),

current_persons as (

    select distinct person_id
    from identifiers
    where person_id is not null

),

-- A person id is made from its anchor, and leads to whoever owns the anchor now. Who owns anything
-- owns the anchor, too.
mapping as (

    select
        person_id,
        person_id as current_person_id

    from current_persons

    union all

    select
        owner_log.person_id,
        identifiers.person_id as current_person_id

    from owner_log
    inner join ledger on owner_log.person_id = ledger.anchored_person_id
    left join identifiers
        on
            ledger.identifier_type = identifiers.identifier_type
            and ledger.identifier_value = identifiers.identifier_value
    left join current_persons on owner_log.person_id = current_persons.person_id
    where current_persons.person_id is null

)

select * from mapping
