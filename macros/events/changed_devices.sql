{# `changed_devices()`: the devices whose events, or whose events' owners, changed since the last run
   of this table: also those that have nothing left. A model that says so depends on events_collected
   and event_owners. #}
{% macro changed_devices() -%}
    select device_key
    from {{ ref('sojourn', 'events_collected') }}
    where changed_in > {{ sojourn.last_run() }}

    union

    select device_key
    from {{ ref('sojourn', 'event_owners') }}
    where changed_in > {{ sojourn.last_run() }}
{%- endmacro %}
