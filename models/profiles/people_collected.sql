{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
) }}

-- Versions of people's records, kept so that a run reads only the loads that are new to it. What is
-- read in place (it has no load) is not kept: people_stated reads it anew each time.

with people as (

    {{ sojourn.union_new_inputs('people', '*') }}

)

select distinct
    {{ sojourn.hash_id(['is_deleted', 'observed_at'] + sojourn.profile_attributes()) }}
        as content_hash,
    record_id,
    source,
    {% for attribute in sojourn.profile_attributes() -%}
    {{ attribute }},
    {% endfor -%}
    load_id,
    is_deleted,
    observed_at,
    loaded_at

from people
where load_id is not null
