-- `sojourn attribution refit` and `adopt` write this log: dbt creates the table and never touches
-- what is in it.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

select
    cast(null as {{ sojourn.type_string() }}) as fit_version,
    cast(null as {{ sojourn.type_string() }}) as change,
    cast(null as {{ sojourn.type_string() }}) as configured_version,
    cast(null as {{ sojourn.type_string() }}) as author,
    cast(null as {{ sojourn.type_string() }}) as reason,
    cast(null as {{ sojourn.type_bigint() }}) as change_number,
    cast(null as {{ sojourn.type_timestamp() }}) as recorded_at

where 1 = 0
