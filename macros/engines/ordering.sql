{# `in_byte_order(expression)`: text that sorts by its bytes, in `order by` and in comparisons,
   whatever the database's collation is. #}
{% macro in_byte_order(expression) -%}
    {{ adapter.dispatch('in_byte_order', 'sojourn')(expression) }}
{%- endmacro %}

{% macro default__in_byte_order(expression) -%}
    {{ expression }}
{%- endmacro %}

{% macro postgres__in_byte_order(expression) -%}
    {{ expression }} collate "C"
{%- endmacro %}
