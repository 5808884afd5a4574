-- No touch after its conversion earns credit, and none before the window opened.

select
    conversion_id,
    touchpoint_id,
    model,
    touched_at,
    converted_at

from {{ ref('sojourn', 'credits') }}
where
    touched_at > converted_at
    or touched_at
    <= {{ sojourn.days_before('converted_at', sojourn.window_days('conversion_type')) }}
