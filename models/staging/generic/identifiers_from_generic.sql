-- An event's usual identifiers are read from the event. An event with further ones is a record
-- here, as the records of the other entities are.

{% set entities = [
    ('people', 'record_id', 'coalesce(updated_at, created_at, loaded_at)'),
    ('events', 'event_id', 'occurred_at'),
    ('touchpoints', 'touchpoint_id', 'touched_at'),
    ('orders', 'order_id', 'ordered_at'),
    ('consents', 'consent_id', 'changed_at'),
    ('deliveries', 'delivery_id', 'delivered_at'),
] %}

with records as (
    {% for entity, key, time in entities %}
    select
        source_name || ':' || {{ key }} as record_id,
        source_name as source,
        '{{ entity }}' as rule,
        identifiers,
        load_id,
        {{ time }} as observed_at,
        loaded_at

    from {{ ref('sojourn', 'stg_generic__' ~ entity) }}
    where
        identifiers is not null
        and quarantine_reason is null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

identifier_entries as (

    {{ sojourn.select_json_entries(
        'records', 'identifiers', 'identifier_type', 'identifier_value'
    ) }}

),

addresses_of_consents as (

    select
        source_name || ':' || consent_id as record_id,
        source_name as source,
        'consents' as rule,
        identifier_type,
        identifier_value,
        load_id,
        changed_at as observed_at,
        loaded_at

    from {{ ref('sojourn', 'stg_generic__consents') }}
    where quarantine_reason is null

),

marked as (

    select
        *,
        max(
            case
                when
                    rule <> 'events'
                    or identifier_type not in ('anonymous_id', 'user_id', 'email', 'phone')
                    then 1
                else 0
            end
        ) over (partition by record_id, load_id) = 1 as says_more_than_its_event

    from identifier_entries
    where identifier_value is not null

),

mapped as (

    select
        record_id,
        source,
        rule,
        identifier_type,
        identifier_value,
        load_id,
        observed_at,
        loaded_at

    from marked
    where says_more_than_its_event

    union all

    select * from addresses_of_consents

)

select * from mapped
