{# `from_utc(timestamp, zone)`: a UTC time as the wall clock of an IANA zone shows it. #}
{% macro from_utc(expression, zone) -%}
    {{ adapter.dispatch('from_utc', 'sojourn')(expression, zone) }}
{%- endmacro %}

{% macro default__from_utc(expression, zone) -%}
    from_utc_timestamp({{ expression }}, {{ zone }})
{%- endmacro %}

{% macro duckdb__from_utc(expression, zone) -%}
    (({{ expression }} at time zone 'UTC') at time zone {{ zone }})
{%- endmacro %}

{% macro postgres__from_utc(expression, zone) -%}
    (({{ expression }} at time zone 'UTC') at time zone {{ zone }})
{%- endmacro %}
