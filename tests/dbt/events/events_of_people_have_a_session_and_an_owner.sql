-- Whoever is neither a bot nor internal has a session, and, if anything names the device or the
-- user and is not blocked, an owner. A shared device loses no event.
select events.event_key

from {{ ref('sojourn', 'events') }} as events
left join {{ ref('sojourn', 'identifiers') }} as identifiers
    on
        events.anonymous_id = identifiers.identifier_value
        and identifiers.identifier_type in ('anonymous_id', 'domain_userid')
where
    not events.is_bot
    and not events.is_internal
    and (
        events.session_id is null
        or (events.person_id is null and identifiers.person_id is not null)
    )
