{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

with identifiers as (

    select * from {{ ref('sojourn', 'identifiers_observed') }}
    where
        blocked_reason is null
        and not is_removed

),

newly_seen as (

    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        {{ sojourn.uuid_from(
            "identifiers.identifier_type || ':' || identifiers.identifier_value"
        ) }} as anchored_person_id,
        identifiers.first_loaded_at,
        {{ sojourn.run_at() }} as recorded_at

    from identifiers
    {% if is_incremental() %}
    left join {{ this }} as ledger
        on
            identifiers.identifier_type = ledger.identifier_type
            and identifiers.identifier_value = ledger.identifier_value
    where ledger.identifier_type is null
    {% endif %}

)

select * from newly_seen
