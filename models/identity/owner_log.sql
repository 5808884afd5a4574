{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

with identifiers as (

    select * from {{ ref('sojourn', 'identifiers') }}

),

{% if is_incremental() %}
last_entries as (

    select
        *,
        row_number() over (
            partition by identifier_type, identifier_value
            order by changed_in desc
        ) as recency
    from {{ this }}

),

known as (

    select * from last_entries
    where recency = 1

),
{% endif %}

changed as (

    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.person_id,
        identifiers.status,
        identifiers.first_seen_at as valid_from,
        {{ sojourn.run_at() }} as recorded_at,
        {{ sojourn.this_run() }} as changed_in

    from identifiers
    {% if is_incremental() %}
    left join known
        on
            identifiers.identifier_type = known.identifier_type
            and identifiers.identifier_value = known.identifier_value
    where
        known.identifier_type is null
        or identifiers.person_id is distinct from known.person_id
        or identifiers.status is distinct from known.status
        or identifiers.first_seen_at is distinct from known.valid_from
    {% endif %}

)

select * from changed
