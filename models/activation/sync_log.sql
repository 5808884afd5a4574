-- `sojourn activate` writes this log: dbt creates the table and never touches what is in it.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

select
    cast(null as {{ sojourn.type_string() }}) as run_id,
    cast(null as {{ sojourn.type_string() }}) as sync,
    cast(null as {{ sojourn.type_string() }}) as row_key,
    cast(null as {{ sojourn.type_string() }}) as row_hash,
    cast(null as {{ sojourn.type_string() }}) as operation,
    cast(null as {{ sojourn.type_string() }}) as status,
    cast(null as {{ sojourn.type_string() }}) as reason,
    cast(null as {{ sojourn.type_string() }}) as request_id,
    cast(null as {{ sojourn.type_string() }}) as operation_id,
    cast(null as {{ sojourn.type_string() }}) as external_id,
    cast(null as {{ sojourn.type_bigint() }}) as run_number,
    cast(null as {{ sojourn.type_bigint() }}) as operation_version,
    cast(null as {{ sojourn.type_bigint() }}) as batch_number,
    cast(null as {{ sojourn.type_timestamp() }}) as attempted_at,
    cast(null as {{ sojourn.type_timestamp() }}) as answered_at,
    cast(null as {{ sojourn.type_timestamp() }}) as next_attempt_at,
    cast(null as {{ sojourn.type_timestamp() }}) as recorded_at

where 1 = 0
