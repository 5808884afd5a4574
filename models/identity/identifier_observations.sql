with event_identifiers as (

    select
        *,
        {{ sojourn.hash_id(['source', 'device_key', 'user_id', 'email', 'phone']) }} as group_id

    from {{ ref('sojourn', 'event_identifiers') }}

),

record_inputs as (

    {{ sojourn.union_inputs('identifiers') }}

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
        first_seen_at,
        last_seen_at,
        first_loaded_at
    from event_identifiers
    where {{ column }} is not null

    union all
    {% endfor %}
    select
        {{ sojourn.hash_id(['source', 'record_id']) }} as group_id,
        source,
        rule,
        identifier_type,
        identifier_value,
        min(record_id) as first_record_id,
        min(record_id) as last_record_id,
        count(distinct observed_at) as observation_count,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at,
        min(loaded_at) as first_loaded_at
    from record_inputs
    where identifier_value is not null
    group by source, record_id, rule, identifier_type, identifier_value

)

select * from grouped
