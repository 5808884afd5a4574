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

{# `parse_timestamp(expression)`: ISO 8601 text (or `date time +hhmm`) as a UTC timestamp without
   zone; text without an offset is UTC. NULL where it cannot be read. #}
{% macro parse_timestamp(expression) -%}
    {{ adapter.dispatch('parse_timestamp', 'sojourn')(expression) }}
{%- endmacro %}

{% macro default__parse_timestamp(expression) -%}
    (try_cast(replace({{ expression }}, ' +', '+') as timestamp with time zone) at time zone 'UTC')
{%- endmacro %}

{% macro duckdb__parse_timestamp(expression) -%}
    cast(
        try_cast(
            regexp_replace({{ expression }}, ' ?([+-][0-9]{2}):?([0-9]{2})$', '\1:\2')
            as timestamp with time zone
        ) at time zone 'UTC'
        as timestamp
    )
{%- endmacro %}

{% macro postgres__parse_timestamp(expression) -%}
    case
        when pg_input_is_valid(
            case
                when {{ expression }} ~ '(Z|[+-][0-9]{2}:?[0-9]{2})$' then {{ expression }}
                else {{ expression }} || 'Z'
            end,
            'timestamp with time zone'
        )
            then cast(
                case
                    when {{ expression }} ~ '(Z|[+-][0-9]{2}:?[0-9]{2})$' then {{ expression }}
                    else {{ expression }} || 'Z'
                end as timestamp with time zone
            ) at time zone 'UTC'
    end
{%- endmacro %}

{# `parse_epoch_ms(expression)`: text of milliseconds since 1970 as a UTC timestamp. #}
{% macro parse_epoch_ms(expression) -%}
    {{ adapter.dispatch('parse_epoch_ms', 'sojourn')(expression) }}
{%- endmacro %}

{% macro default__parse_epoch_ms(expression) -%}
    epoch_ms(try_cast({{ expression }} as bigint))
{%- endmacro %}

{% macro postgres__parse_epoch_ms(expression) -%}
    case
        when pg_input_is_valid({{ expression }}, 'bigint')
            then timestamp '1970-01-01' + cast({{ expression }} as bigint) * interval '1 millisecond'
    end
{%- endmacro %}
