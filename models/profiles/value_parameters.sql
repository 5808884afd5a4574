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
    cast(null as {{ sojourn.type_string() }}) as parameter,
    cast(null as {{ sojourn.type_bigint() }}) as position_number,
    cast(null as {{ sojourn.type_bigint() }}) as customers,
    cast(null as {{ sojourn.type_double() }}) as value,
    cast(null as {{ sojourn.type_double() }}) as log_likelihood,
    cast(null as {{ sojourn.type_timestamp() }}) as training_from,
    cast(null as {{ sojourn.type_timestamp() }}) as training_to,
    cast(null as {{ sojourn.type_timestamp() }}) as recorded_at

where 1 = 0
