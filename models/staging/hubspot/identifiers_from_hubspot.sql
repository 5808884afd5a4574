with contacts as (

    select * from {{ ref('sojourn', 'stg_hubspot__contacts') }}
    where quarantine_reason is null

),

email_events as (

    select * from {{ ref('sojourn', 'stg_hubspot__email_events') }}
    where quarantine_reason is null

),

identifiers as (
    {% for relation, record, rule, identifier_type, value, time in [
        ('contacts', 'contact_id', 'contact', 'hubspot_contact_id', 'contact_id', 'modified_at'),
        ('contacts', 'contact_id', 'contact', 'email', 'email', 'modified_at'),
        ('contacts', 'contact_id', 'contact', 'phone', 'phone', 'modified_at'),
        ('email_events', 'email_event_id', 'email_event', 'email', 'recipient', 'occurred_at'),
    ] %}
    select
        {{ record }} as record_id,
        'hubspot' as source,
        '{{ rule }}' as rule,
        '{{ identifier_type }}' as identifier_type,
        {{ value }} as identifier_value,
        load_id,
        {{ time }} as observed_at,
        loaded_at

    from {{ relation }}
    where {{ value }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from identifiers
