-- An event that was collected is in the stream, once; nothing else is.
select coalesce(events_collected.event_key, events.event_key) as event_key

from {{ ref('sojourn', 'events_collected') }} as events_collected
full outer join {{ ref('sojourn', 'events') }} as events
    on events_collected.event_key = events.event_key
where
    events_collected.event_key is null
    or events.event_key is null
