{# `joined_text(expression, separator, position)`: an aggregate, the texts joined in the order of
   `position`, a whole number that does not repeat within the group. NULLs are left out. #}
{% macro joined_text(expression, separator, position) -%}
    {{ adapter.dispatch('joined_text', 'sojourn')(expression, separator, position) }}
{%- endmacro %}

{% macro default__joined_text(expression, separator, position) -%}
    array_join(
        transform(
            array_sort(collect_list(struct({{ position }} as position, {{ expression }} as value))),
            entry -> entry.value
        ),
        '{{ separator }}'
    )
{%- endmacro %}

{% macro duckdb__joined_text(expression, separator, position) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ position }})
{%- endmacro %}

{% macro postgres__joined_text(expression, separator, position) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ position }})
{%- endmacro %}
