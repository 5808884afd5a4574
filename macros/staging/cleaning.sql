{# Text without surrounding blanks; NULL where nothing is left. #}
{% macro clean(expression) -%}
    nullif(trim({{ expression }}), '')
{%- endmacro %}

{# Text as an amount with two decimals; NULL where it is no number. #}
{% macro money(expression) -%}
    {{ sojourn.try_cast("replace(lower(" ~ expression ~ "), 'nan', '')", sojourn.type_money()) }}
{%- endmacro %}

{# Text of the usual spellings as a boolean; anything else is NULL. #}
{% macro boolean(expression) -%}
    case
        when lower({{ expression }}) in ('true', '1', 'yes', 't') then true
        when lower({{ expression }}) in ('false', '0', 'no', 'f') then false
    end
{%- endmacro %}

{# The day in a file's name (the first YYYY-MM-DD or YYYYMMDD) as a timestamp; NULL without one. #}
{% macro file_day(expression) -%}
    {{ sojourn.parse_timestamp(sojourn.regexp_rewritten(
        sojourn.regexp_group(expression, '([0-9]{4}-?[0-9]{2}-?[0-9]{2})'),
        '^([0-9]{4})([0-9]{2})([0-9]{2})$',
        '\\1-\\2-\\3',
    )) }}
{%- endmacro %}

{# When what a file says was so: the end of the day in its name, else when it was loaded. It does not
   depend on how many files one load took. #}
{% macro file_observed_at(file_path, loaded_at) -%}
    coalesce({{ sojourn.file_day(file_path) }} + interval '1 day', {{ loaded_at }})
{%- endmacro %}

{# Why a row cannot be used: a key that is missing, a time that is missing or lies more than a day
   after `known_at`; NULL for good rows. `known_at` belongs to the row (when it was received or
   loaded), not to the run: a row is judged the same today and next year. #}
{% macro quarantine_reason(keys=[], times=[], known_at='loaded_at', others={}) -%}
    case
        {%- for key in keys %}
        when {{ key }} is null then '{{ key }} is missing or cannot be read'
        {%- endfor -%}
        {%- for time in times %}
        when {{ time }} is null then '{{ time }} is missing or cannot be read'
        when {{ time }} > {{ known_at }} + interval '1 day'
            then '{{ time }} lies more than a day in the future'
        {%- endfor -%}
        {%- for reason, condition in others.items() %}
        when {{ condition }} then '{{ reason }}'
        {%- endfor %}
    end
{%- endmacro %}

{# An ISO 3166 alpha-2 code in upper case; NULL for anything else. #}
{% macro country_code(expression) -%}
    case
        when {{ sojourn.regexp_like(sojourn.clean(expression), "'^[A-Za-z]{2}$'") }}
            then upper({{ sojourn.clean(expression) }})
    end
{%- endmacro %}

{# `proportion(amount, part, whole)`: amount x part / whole, rounded half up to two decimals, in whole
   cents, since the engines round quotients in different ways. None may be negative, `whole` not 0. #}
{% macro proportion(amount, part, whole) -%}
    {%- set cents = [] -%}
    {%- for value in [amount, part, whole] -%}
        {%- do cents.append('cast((' ~ value ~ ') * 100 as ' ~ sojourn.type_wide_integer() ~ ')') -%}
    {%- endfor -%}
    cast(
        cast(
            {{ sojourn.whole_quotient(
                '2 * ' ~ cents[0] ~ ' * ' ~ cents[1] ~ ' + ' ~ cents[2], '2 * ' ~ cents[2]
            ) }} as decimal(18, 0)
        ) * 0.01 as {{ sojourn.type_money() }}
    )
{%- endmacro %}

{# A calendar day as text, YYYY-MM-DD; NULL where it is none. #}
{% macro calendar_day(expression) -%}
    cast(cast({{ sojourn.parse_timestamp(expression) }} as date) as {{ sojourn.type_string() }})
{%- endmacro %}
