{# `try_cast(expression, type)`: the value as `type`, NULL where it cannot be read.
   PostgreSQL needs version 16 or newer (pg_input_is_valid). The expression must be text. #}
{% macro try_cast(expression, type) -%}
    {{ adapter.dispatch('try_cast', 'sojourn')(expression, type) }}
{%- endmacro %}

{% macro default__try_cast(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}

{% macro postgres__try_cast(expression, type) -%}
    case when pg_input_is_valid({{ expression }}, '{{ type }}') then cast({{ expression }} as {{ type }}) end
{%- endmacro %}

{# `parse_timestamp(expression)`: ISO 8601 text (also `date time +hhmm`, and a date alone) as a UTC
   timestamp without zone; text without an offset is UTC. Digits beyond microseconds are cut off.
   NULL where it cannot be read, and for 24:00, leap seconds and years before 1000. #}
{% macro parse_timestamp(expression) -%}
    {{ adapter.dispatch('parse_timestamp', 'sojourn')(expression) }}
{%- endmacro %}

{# What counts as a time, lest one engine read `yesterday`, `20260105`, 24:00 or a leap second and another
   not. Short cuts must keep to it. #}
{% macro timestamp_pattern() -%}
    '^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?)?$'
{%- endmacro %}

{# The session's zone is UTC (see `check_session`). #}
{% macro default__parse_timestamp(expression) -%}
    case
        when {{ expression }} rlike {{ sojourn.timestamp_pattern() }}
            then try_cast(regexp_replace({{ expression }}, ' ([Z+-])', '$1') as timestamp)
    end
{%- endmacro %}

{# The first branch is a short cut for what most files hold. #}
{% macro duckdb__parse_timestamp(expression) -%}
    case
        when
            {{ expression }} glob '[1-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-9][0-9]:[0-9][0-9]*Z'
            and length({{ expression }}) in (20, 24, 27)
            and substr({{ expression }}, 12, 2) < '24'
            then try_cast({{ expression }} as timestamp)
        when regexp_matches({{ expression }}, {{ sojourn.timestamp_pattern() }})
            then cast(
                try_cast(
                    regexp_replace(
                        regexp_replace(
                            replace({{ expression }}, ' Z', 'Z'), '([.][0-9]{6})[0-9]+', '\1'
                        ),
                        ' ?([+-][0-9]{2}):?([0-9]{2})$', '\1:\2'
                    ) as timestamp with time zone
                ) at time zone 'UTC' as timestamp
            )
    end
{%- endmacro %}

{# The first branch is a short cut, as for DuckDB; the time of a text that ends in Z is its UTC. #}
{% macro postgres__parse_timestamp(expression) -%}
    {%- set text -%}
        regexp_replace({{ expression }}, '([.][0-9]{6})[0-9]+', '\1')
        || case when {{ expression }} ~ ':[0-9.]+ ?(Z|[+-][0-9:]+)$' then '' when {{ expression }} ~ ':' then 'Z' else ' 00:00Z' end
    {%- endset -%}
    case
        when translate({{ expression }}, '123456789', '000000000') in (
            '0000-00-00T00:00:00Z', '0000-00-00T00:00:00.000Z', '0000-00-00T00:00:00.000000Z'
        )
        and left({{ expression }}, 1) > '0'
        and substr({{ expression }}, 12, 2) < '24'
        and substr({{ expression }}, 18, 2) < '60'
            then case
                when pg_input_is_valid({{ expression }}, 'timestamp')
                    then cast({{ expression }} as timestamp)
            end
        when {{ expression }} ~ {{ sojourn.timestamp_pattern() }}
            then case
                when pg_input_is_valid({{ text }}, 'timestamp with time zone')
                    then cast({{ text }} as timestamp with time zone) at time zone 'UTC'
            end
    end
{%- endmacro %}

{# `parse_epoch_ms(expression)`: text of milliseconds since 1970 as a UTC timestamp. NULL where it is
   no number or lies beyond the year 9999. #}
{% macro parse_epoch_ms(expression) -%}
    {{ adapter.dispatch('parse_epoch_ms', 'sojourn')(expression) }}
{%- endmacro %}

{% macro default__parse_epoch_ms(expression) -%}
    case
        when try_cast({{ expression }} as bigint) between 0 and 253402300799999
            then timestamp_millis(try_cast({{ expression }} as bigint))
    end
{%- endmacro %}

{% macro duckdb__parse_epoch_ms(expression) -%}
    case
        when try_cast({{ expression }} as bigint) between 0 and 253402300799999
            then epoch_ms(try_cast({{ expression }} as bigint))
    end
{%- endmacro %}

{% macro postgres__parse_epoch_ms(expression) -%}
    case
        when {{ expression }} ~ '^[0-9]{1,15}$'
            then case
                when cast({{ expression }} as bigint) <= 253402300799999
                    then timestamp '1970-01-01'
                        + cast({{ expression }} as bigint) / 86400000 * interval '1 day'
                        + cast({{ expression }} as bigint) % 86400000 * interval '1 millisecond'
            end
    end
{%- endmacro %}
