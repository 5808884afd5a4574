{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['person_id', 'changed_in'],
) }}

with owner_log as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'owner_log') }}

),

ledger as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifier_ledger') }}

),

identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers') }}

),

{% if is_incremental() %}
moves as (

    select
        identifier_type,
        identifier_value,
        person_id,
        previous_person_id

    from owner_log
    where
        changed_in > {{ sojourn.last_run() }}
        and person_id is distinct from previous_person_id

),

-- An id leads elsewhere if it was given something, if something was taken from it, or if its anchor
-- has another owner.
given_ids as (

    select person_id from moves
    where person_id is not null

    union

    select previous_person_id from moves
    where previous_person_id is not null

    union

    select kept.person_id
    from {{ this }} as kept
    inner join ledger on kept.person_id = ledger.anchored_person_id
    inner join moves
        on
            ledger.identifier_type = moves.identifier_type
            and ledger.identifier_value = moves.identifier_value

),
{% else %}
given_ids as (

    select distinct person_id
    from owner_log
    where person_id is not null

),
{% endif %}

current_persons as (

    select distinct identifiers.person_id
    from identifiers
    {% if is_incremental() %}
    inner join given_ids on identifiers.person_id = given_ids.person_id
    {% endif %}
    where identifiers.person_id is not null

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
        given_ids.person_id,
        identifiers.person_id as current_person_id

    from given_ids
    inner join ledger on given_ids.person_id = ledger.anchored_person_id
    left join identifiers
        on
            ledger.identifier_type = identifiers.identifier_type
            and ledger.identifier_value = identifiers.identifier_value
    left join current_persons on given_ids.person_id = current_persons.person_id
    where current_persons.person_id is null

),

stamped as (

    select
        *,
        {{ sojourn.this_run() }} as changed_in

    from mapping

)

{{ sojourn.rewritten('stamped') }}
