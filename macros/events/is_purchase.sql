{# Whether an order counts as a purchase: a cancelled one does not, wherever purchases are counted. #}
{% macro is_purchase(status) -%}
    coalesce({{ status }}, '') not in ('cancelled', 'voided')
{%- endmacro %}
