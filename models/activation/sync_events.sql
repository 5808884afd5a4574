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
    cast(null as {{ sojourn.type_string() }}) as event,
    cast(null as {{ sojourn.type_string() }}) as status,
    cast(null as {{ sojourn.type_string() }}) as reason,
    cast(null as {{ sojourn.type_string() }}) as request_id,
    cast(null as {{ sojourn.type_bigint() }}) as run_number,
    cast(null as {{ sojourn.type_bigint() }}) as unchanged,
    cast(null as {{ sojourn.type_bigint() }}) as still_rejected,
    cast(null as {{ sojourn.type_bigint() }}) as suppressed,
    cast(null as {{ sojourn.type_timestamp() }}) as happened_at,
    cast(null as {{ sojourn.type_timestamp() }}) as recorded_at

where 1 = 0
