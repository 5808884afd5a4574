{# Join conditions of `clicks` (touches) to the `sessions` that they opened. #}

{# The same click id says so, while the session is under way or within half an hour of it: before,
   since a page takes its time, and after, since clocks differ. Later the link was passed on. #}
{% macro opened_by_click_id() -%}
    clicks.click_id = sessions.click_id
    and {{ sojourn.minutes_after('clicks.touched_at', 30) }} >= sessions.started_at
    and clicks.touched_at <= {{ sojourn.minutes_after('sessions.ended_at', 30) }}
{%- endmacro %}

{# Or the same person and campaign, within half an hour. #}
{% macro opened_by_campaign() -%}
    clicks.person_id = sessions.person_id
    and lower(clicks.campaign) = lower(sessions.utm_campaign)
    and clicks.touched_at <= sessions.started_at
    and {{ sojourn.minutes_after('clicks.touched_at', 30) }} >= sessions.started_at
{%- endmacro %}
