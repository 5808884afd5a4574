-- `sojourn attribution refit` writes this log: dbt creates the table and never touches what is
-- in it.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

select
    cast(null as {{ sojourn.type_string() }}) as fit_version,
    cast(null as {{ sojourn.type_string() }}) as conversion_type,
    cast(null as {{ sojourn.type_string() }}) as model,
    cast(null as {{ sojourn.type_string() }}) as value,
    cast(null as {{ sojourn.type_double() }}) as conversions,
    cast(null as {{ sojourn.type_double() }}) as candidate_conversions,
    cast(null as {{ sojourn.type_double() }}) as revenue,
    cast(null as {{ sojourn.type_double() }}) as candidate_revenue,
    cast(null as {{ sojourn.type_timestamp() }}) as recorded_at

where 1 = 0
