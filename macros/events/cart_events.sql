{# Events that put something into a cart. #}
{% macro cart_events() -%}
    {{ return(['Product Added', 'Checkout Started', 'add_to_cart']) }}
{%- endmacro %}
