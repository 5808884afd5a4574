{{ config(materialized='incremental', incremental_strategy='append') }}

-- Written by `credits` before all else: see the macro `list_conversions_to_credit`.

select cast(null as {{ sojourn.type_string() }}) as conversion_id
where 1 = 0
