{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with consents as (

    {{ sojourn.union_inputs('consents') }}

),

statements as (

    select
        {{ sojourn.hash_id([
            'source', 'consent_key', 'identifier_type', 'identifier_value', 'channel', 'purpose',
            'status', 'effective_at',
        ]) }} as consent_change_id,
        *

    from consents
    where
        identifier_type is not null
        and identifier_value is not null
        and status in ('granted', 'denied', 'unknown')

),

-- A statement is logged once, however often its file is read; a corrected one is a new statement.
new_statements as (

    select
        consent_change_id,
        max(identifier_type) as identifier_type,
        max(identifier_value) as identifier_value,
        max(channel) as channel,
        max(purpose) as purpose,
        max(status) as status,
        max(source) as source,
        max(effective_at) as effective_at,
        {{ sojourn.run_at() }} as recorded_at

    from statements
    {% if is_incremental() -%}
    where
        consent_change_id not in (select logged.consent_change_id from {{ this }} as logged)
    {% endif -%}
    group by consent_change_id

)

select * from new_statements
