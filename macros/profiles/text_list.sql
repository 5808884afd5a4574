{# `text_list(['a', 'b'])`: the texts as an SQL list for `in`. #}
{% macro text_list(texts) -%}
    (
        {%- for text in texts -%}
        {{ sojourn.text_literal(text) }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}
