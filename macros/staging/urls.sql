{# A campaign parameter of a URL, decoded; NULL where absent. Most URLs have none: the cheap look for
   `utm_` spares them the pattern. #}
{% macro utm_parameter(url, name) -%}
    case
        when position('utm_' in {{ url }}) > 0
            then {{ sojourn.url_decode(sojourn.url_parameter(url, name)) }}
    end
{%- endmacro %}

{# Click id parameters, the more telling first: where a URL has several, the first one counts. #}
{% macro click_parameters() -%}
    {{ return(['gclid', 'gbraid', 'wbraid', 'msclkid', 'dclid', 'fbclid', 'ttclid']) }}
{%- endmacro %}

{% macro has_click_parameter(url) -%}
    (
        position('clid=' in {{ url }}) > 0
        or position('braid=' in {{ url }}) > 0
        or position('msclkid=' in {{ url }}) > 0
    )
{%- endmacro %}

{# Which click id parameter a URL has; NULL without one. #}
{% macro click_id_type(url) -%}
    case
        when not {{ sojourn.has_click_parameter(url) }} then null
        {%- for parameter in sojourn.click_parameters() %}
        when {{ sojourn.regexp_like(url, "'[?&]" ~ parameter ~ "=[^&#]'") }} then '{{ parameter }}'
        {%- endfor %}
    end
{%- endmacro %}

{# The click id in a URL, that of `click_id_type`; NULL without one. #}
{% macro click_id(url) -%}
    case
        when {{ sojourn.has_click_parameter(url) }}
            then coalesce(
                {%- for parameter in sojourn.click_parameters() %}
                {{ sojourn.url_parameter(url, parameter) }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
    end
{%- endmacro %}
