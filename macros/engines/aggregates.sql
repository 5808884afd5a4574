{# `joined_text(expression, separator, position)`: an aggregate, the texts joined in the order of
   `position`, a whole number that does not repeat within the group. NULLs are left out. `place`
   may say how many positions of the group come before it: most groups are short, and DuckDB joins
   eight places without sorting. #}
{% macro joined_text(expression, separator, position, place=none) -%}
    {{ adapter.dispatch('joined_text', 'sojourn')(expression, separator, position, place) }}
{%- endmacro %}

{% macro default__joined_text(expression, separator, position, place) -%}
    listagg({{ expression }}, '{{ separator }}') within group (order by {{ position }})
{%- endmacro %}

{% macro duckdb__joined_text(expression, separator, position, place) -%}
    {%- set sorted = "string_agg(" ~ expression ~ ", '" ~ separator ~ "' order by " ~ position ~ ")" -%}
    {%- if place is none -%}
    {{ sorted }}
    {%- else -%}
    case
        when count({{ expression }}) > 0
            then concat_ws(
                '{{ separator }}'
                {%- for number in range(8) -%}
                , max(case when {{ place }} = {{ number }} then {{ expression }} end)
                {%- endfor -%}
                , {{ sorted }} filter (where {{ place }} >= 8)
            )
    end
    {%- endif -%}
{%- endmacro %}

{% macro postgres__joined_text(expression, separator, position, place) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ position }})
{%- endmacro %}
