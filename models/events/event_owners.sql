{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace_changed'),
    partition_by=sojourn.partition(),
    unique_key=['device_key', 'event_key'],
) }}

-- depends_on: {{ ref('sojourn', 'owner_log') }}
-- depends_on: {{ ref('sojourn', 'event_identifiers') }}
-- depends_on: {{ ref('sojourn', 'identifier_observations') }}

with events_collected as {{ sojourn.inline() }} (

    select
        event_key,
        event_id,
        source,
        device_key,
        device_id_type,
        anonymous_id,
        user_id,
        email,
        phone,
        is_sign_out,
        is_superseded,
        changed_in

    from {{ ref('sojourn', 'events_collected') }}

),

event_sessions as (

    select * from {{ ref('sojourn', 'event_sessions') }}

),

identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers') }}
    where person_id is not null

),

-- Events with identifiers of an own type, by the strongest of them all.
record_owners as (

    select * from {{ ref('sojourn', 'record_owners') }}
    where
        rule = 'events'
        and not is_device

),

{% if is_incremental() %}
moved_identifiers as (

    select distinct
        identifier_type,
        identifier_value

    from {{ ref('sojourn', 'owner_log') }}
    where changed_in > {{ sojourn.last_run() }}

),

event_identifiers as (

    select * from {{ ref('sojourn', 'event_identifiers') }}

),

changed_devices as (

    select device_key
    from events_collected
    where changed_in > {{ sojourn.last_run() }}

    {% for type, column in [
        ('event_identifiers.device_id_type', 'anonymous_id'), ("'user_id'", 'user_id'), ("'email'", 'email'), ("'phone'", 'phone')
    ] %}
    union

    select event_identifiers.device_key
    from event_identifiers
    inner join moved_identifiers
        on
            {{ type }} = moved_identifiers.identifier_type
            and event_identifiers.{{ column }} = moved_identifiers.identifier_value
    {% endfor %}

    union

    select events_collected.device_key
    from events_collected
    inner join {{ ref('sojourn', 'identifier_observations') }} as observations
        on
            events_collected.source = observations.source
            and events_collected.event_id = observations.first_record_id
            and observations.rule = 'events'
    inner join moved_identifiers
        on
            observations.identifier_type = moved_identifiers.identifier_type
            and observations.identifier_value = moved_identifiers.identifier_value

),
{% endif %}

session_events as (

    select
        events_collected.*,
        event_sessions.session_id,
        event_sessions.occurred_at

    from event_sessions
    {% if is_incremental() %}
    inner join changed_devices on event_sessions.device_key = changed_devices.device_key
    {% endif %}
    inner join events_collected on event_sessions.event_key = events_collected.event_key
    where not events_collected.is_superseded

),

-- Who the event itself names, by its strongest identifier.
named_owners as (

    select
        session_events.event_key,
        session_events.device_key,
        session_events.session_id,
        session_events.occurred_at,
        devices.person_id as device_person_id,
        coalesce(
            users.person_id, record_owners.person_id, emails.person_id, phones.person_id
        ) as named_person_id,
        coalesce(session_events.is_sign_out, false) as is_sign_out

    from session_events
    left join identifiers as users
        on
            users.identifier_type = 'user_id'
            and session_events.user_id = users.identifier_value
    left join identifiers as emails
        on
            emails.identifier_type = 'email'
            and session_events.email = emails.identifier_value
    left join identifiers as phones
        on
            phones.identifier_type = 'phone'
            and session_events.phone = phones.identifier_value
    left join record_owners
        on
            session_events.source = record_owners.source
            and session_events.event_id = record_owners.record_id
    left join identifiers as devices
        on
            session_events.device_id_type = devices.identifier_type
            and session_events.anonymous_id = devices.identifier_value

),

-- Most sessions name nobody: they are the device's.
naming_sessions as (

    select distinct session_id
    from named_owners
    where named_person_id is not null

),

naming_events as (

    select named_owners.*
    from named_owners
    inner join naming_sessions on named_owners.session_id = naming_sessions.session_id

),

-- A sign-out ends a stretch of the session; within a stretch each naming holds until the next.
stretches as (

    select
        *,
        coalesce(sum(case when is_sign_out then 1 else 0 end) over (
            partition by session_id
            order by occurred_at, event_key
            rows between unbounded preceding and 1 preceding
        ), 0) as stretch

    from naming_events

),

namings as (

    select
        *,
        count(named_person_id) over (
            partition by session_id, stretch
            order by occurred_at, event_key
            rows between unbounded preceding and current row
        ) as naming,
        count(named_person_id) over (
            partition by session_id
            order by occurred_at, event_key
            rows between unbounded preceding and current row
        ) as session_naming

    from stretches

),

signed_in as (

    select
        event_key,
        device_key,
        device_person_id,
        named_person_id,
        max(named_person_id) over (partition by session_id, stretch, naming) as signed_in_person_id,
        naming,
        session_naming,
        -- What came before the session's first sign-in belongs to that sign-in.
        max(case when session_naming = 1 then named_person_id end) over (partition by session_id)
            as first_signed_in_person_id

    from namings

),

session_owners as (

    select
        event_key,
        device_key,
        case
            when named_person_id is not null then named_person_id
            when naming > 0 then signed_in_person_id
            when session_naming = 0 then first_signed_in_person_id
            else device_person_id
        end as person_id

    from signed_in

    union all

    select
        named_owners.event_key,
        named_owners.device_key,
        named_owners.device_person_id as person_id

    from named_owners
    left join naming_sessions on named_owners.session_id = naming_sessions.session_id
    where naming_sessions.session_id is null

),

owners as (

    select
        *,
        {{ sojourn.this_run() }} as changed_in
    from session_owners

)

{{ sojourn.replacement('owners', 'changed_devices', 'device_key') }}
