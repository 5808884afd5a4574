{# `to_reporting_currency(amount, rate)`: an amount in the reporting currency; NULL without a rate. #}
{% macro to_reporting_currency(amount, rate) -%}
    {{ sojourn.product_of_money(amount, rate) }}
{%- endmacro %}

{# Join condition of an `exchange_rates_to_reporting` row to a currency and a day. #}
{% macro rate_on(currency, at) -%}
    exchange_rates_to_reporting.currency = {{ currency }}
    and {{ at }} >= exchange_rates_to_reporting.valid_from
    and {{ at }} < exchange_rates_to_reporting.valid_to
{%- endmacro %}
