{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='append_new_columns',
) }}

with identifiers as (

    select
        identifier_type,
        identifier_value,
        person_id,
        status,
        first_seen_at,
        changed_in

    from {{ ref('sojourn', 'identifiers') }}

    union all

    -- Seen on an event that is another device's now, and nowhere else.
    select
        identifier_type,
        identifier_value,
        cast(null as {{ sojourn.type_string() }}) as person_id,
        'removed' as status,
        cast(null as {{ sojourn.type_timestamp() }}) as first_seen_at,
        changed_in

    from {{ ref('sojourn', 'identifiers_observed') }}
    where is_removed

),

{% if is_incremental() %}
judged_since as (

    select * from identifiers
    where changed_in > {{ sojourn.last_run() }}

),

last_entries as (

    select
        entries.*,
        row_number() over (
            partition by entries.identifier_type, entries.identifier_value
            order by entries.changed_in desc
        ) as recency

    from {{ this }} as entries
    inner join judged_since
        on
            entries.identifier_type = judged_since.identifier_type
            and entries.identifier_value = judged_since.identifier_value

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
        -- Who owned it last, however long nobody has since.
        {% if is_incremental() -%}
        coalesce(known.person_id, known.previous_person_id) as previous_person_id,
        {%- else -%}
        cast(null as {{ sojourn.type_string() }}) as previous_person_id,
        {%- endif %}
        identifiers.status,
        identifiers.first_seen_at as valid_from,
        {{ sojourn.run_at() }} as recorded_at,
        {{ sojourn.this_run() }} as changed_in

    {% if is_incremental() %}
    from judged_since as identifiers
    left join known
        on
            identifiers.identifier_type = known.identifier_type
            and identifiers.identifier_value = known.identifier_value
    where
        (known.identifier_type is null and identifiers.status <> 'removed')
        or (
            known.identifier_type is not null
            and (
                identifiers.person_id is distinct from known.person_id
                or identifiers.status is distinct from known.status
                or identifiers.first_seen_at is distinct from known.valid_from
            )
        )
    {% else %}
    from identifiers
    where identifiers.status <> 'removed'
    {% endif %}

)

select * from changed
