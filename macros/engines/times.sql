{# `to_utc(timestamp, zone)`: a local wall-clock time in an IANA zone as UTC; NULL where the zone is
   unknown. Of a time that occurs twice or never (summer time) the engines take the standard
   offset's reading. #}
{% macro to_utc(expression, zone) -%}
    {{ adapter.dispatch('to_utc', 'sojourn')(expression, zone) }}
{%- endmacro %}

{# Read as text, since `to_utc_timestamp` fails on an unknown zone. Of a time that occurs twice this
   gives the first, the summer's; the second follows after an hour (on Lord Howe after half of one)
   and reads the same on the wall. An unknown zone gives no first reading, and fails elsewhere. #}
{% macro spark__to_utc(expression, zone) -%}
    transform(
        array(try_cast(cast({{ expression }} as string) || ' ' || {{ zone }} as timestamp)),
        first_reading -> case
            {%- for minutes in [60, 30] %}
            when
                from_utc_timestamp(
                    first_reading + interval '{{ minutes }}' minute,
                    if(first_reading is null, 'UTC', {{ zone }})
                ) = {{ expression }}
                then first_reading + interval '{{ minutes }}' minute
            {%- endfor %}
            else first_reading
        end
    )[0]
{%- endmacro %}

{# Read as text, since `at time zone` fails on an unknown zone, and no guard can keep it from that. #}
{% macro duckdb__to_utc(expression, zone) -%}
    cast(
        try_cast(
            cast({{ expression }} as varchar) || ' ' || {{ zone }} as timestamp with time zone
        ) at time zone 'UTC' as timestamp
    )
{%- endmacro %}

{% macro postgres__to_utc(expression, zone) -%}
    case
        when pg_input_is_valid(
            cast({{ expression }} as text) || ' ' || {{ zone }}, 'timestamp with time zone'
        )
            then cast(
                cast({{ expression }} as text) || ' ' || {{ zone }} as timestamp with time zone
            ) at time zone 'UTC'
    end
{%- endmacro %}

{% macro days_before(expression, days) -%}
    ({{ expression }} - {{ days }} * interval '1 day')
{%- endmacro %}

{% macro days_after(expression, days) -%}
    ({{ expression }} + {{ days }} * interval '1 day')
{%- endmacro %}

{% macro minutes_after(expression, minutes) -%}
    ({{ expression }} + {{ minutes }} * interval '1 minute')
{%- endmacro %}

{# Seconds from `start` to `end`, a double. #}
{% macro seconds_between(start, end) -%}
    {{ adapter.dispatch('seconds_between', 'sojourn')(start, end) }}
{%- endmacro %}

{% macro default__seconds_between(start, end) -%}
    cast(timestampdiff(microsecond, {{ start }}, {{ end }}) as double) / 1000000
{%- endmacro %}

{% macro duckdb__seconds_between(start, end) -%}
    cast(date_diff('microsecond', {{ start }}, {{ end }}) as double) / 1000000
{%- endmacro %}

{% macro postgres__seconds_between(start, end) -%}
    cast(extract(epoch from ({{ end }} - {{ start }})) as double precision)
{%- endmacro %}
