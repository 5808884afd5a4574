{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='append_new_columns',
) }}

-- The ledger outlives full refreshes: where it is older than its column `changed_in`, all
-- identifiers are looked up in it once.
{% set only_changed = is_incremental() and 'changed_in' in (
    adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower')
) %}

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
        {{ sojourn.run_at() }} as recorded_at,
        {{ sojourn.this_run() }} as changed_in

    from identifiers
    {% if is_incremental() %}
    left join {{ this }} as ledger
        on
            identifiers.identifier_type = ledger.identifier_type
            and identifiers.identifier_value = ledger.identifier_value
    where
        ledger.identifier_type is null
        {%- if only_changed %}
        and identifiers.changed_in > {{ sojourn.last_run() }}
        {%- endif %}
    {% endif %}

)

select * from newly_seen
