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

{# `least_row(['a', 'b'])`: an aggregate, of the group's rows the one that comes first by the bytes of these
   texts, the first text first, no two rows with the same ones; `part_of_row(row, 2)`: the second text of
   it. What is no text and does not decide may follow (NULL, too); PostgreSQL gives it back as text. #}
{% macro least_row(expressions) -%}
    {{ adapter.dispatch('least_row', 'sojourn')(expressions) }}
{%- endmacro %}

{% macro default__least_row(expressions) -%}
    min(struct({% for expression in expressions %}{{ expression }} as part{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}

{% macro duckdb__least_row(expressions) -%}
    min(row({{ expressions | join(', ') }}))
{%- endmacro %}

{% macro postgres__least_row(expressions) -%}
    min(array[{% for expression in expressions %}cast({{ expression }} as text) collate "C"{{ ', ' if not loop.last }}{% endfor %}])
{%- endmacro %}

{% macro part_of_row(row, number) -%}
    {{ adapter.dispatch('part_of_row', 'sojourn')(row, number) }}
{%- endmacro %}

{% macro default__part_of_row(row, number) -%}
    {{ row }}.part{{ number }}
{%- endmacro %}

{% macro duckdb__part_of_row(row, number) -%}
    {{ row }}[{{ number }}]
{%- endmacro %}

{% macro postgres__part_of_row(row, number) -%}
    (({{ row }})[{{ number }}] collate "default")
{%- endmacro %}
