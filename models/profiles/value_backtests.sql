-- `sojourn value fit` writes this log: dbt creates the table and never touches what is in it.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

select
    cast(null as {{ sojourn.type_string() }}) as fit_version,
    cast(null as {{ sojourn.type_string() }}) as model,
    cast(null as {{ sojourn.type_string() }}) as metric,
    cast(null as {{ sojourn.type_bigint() }}) as day_number,
    cast(null as {{ sojourn.type_bigint() }}) as customers,
    cast(null as {{ sojourn.type_double() }}) as predicted,
    cast(null as {{ sojourn.type_double() }}) as actual,
    cast(null as {{ sojourn.type_double() }}) as score,
    cast(null as {{ sojourn.type_timestamp() }}) as training_to,
    cast(null as {{ sojourn.type_timestamp() }}) as tested_to,
    cast(null as {{ sojourn.type_timestamp() }}) as recorded_at

where 1 = 0
