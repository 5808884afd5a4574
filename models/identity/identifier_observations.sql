{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['group_id', 'identifier_type'],
) }}

with event_identifiers as (

    select * from {{ ref('sojourn', 'event_identifiers') }}
    {% if is_incremental() %}
    where changed_in > {{ sojourn.last_run() }}
    {% endif %}

),

record_identifiers as (

    select * from {{ ref('sojourn', 'record_identifiers') }}
    {% if is_incremental() %}
    where changed_in > {{ sojourn.last_run() }}
    {% endif %}

),

-- Identifiers on one event, or in one record, belong together: they are one group.
grouped as (

    {%- for type, column in [
        ('device_id_type', 'anonymous_id'), ("'user_id'", 'user_id'), ("'email'", 'email'), ("'phone'", 'phone')
    ] %}
    select
        group_id,
        source,
        'same_event' as rule,
        {{ type }} as identifier_type,
        {{ column }} as identifier_value,
        first_record_id,
        last_record_id,
        observation_count,
        is_removed,
        first_seen_at,
        last_seen_at,
        first_loaded_at
    from event_identifiers
    where {{ column }} is not null

    union all
    {% endfor %}
    select
        group_id,
        source,
        rule,
        identifier_type,
        identifier_value,
        record_id as first_record_id,
        record_id as last_record_id,
        count(case when not is_removed then 1 end) as observation_count,
        bool_and(is_removed) as is_removed,
        min(case when not is_removed then observed_at end) as first_seen_at,
        max(case when not is_removed then observed_at end) as last_seen_at,
        min(loaded_at) as first_loaded_at
    from record_identifiers
    group by group_id, source, record_id, rule, identifier_type, identifier_value

),

stamped as (

    select
        *,
        {{ sojourn.this_run() }} as changed_in

    from grouped

)

{{ sojourn.rewritten('stamped') }}
