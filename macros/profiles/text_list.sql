{# `text_list(['a', 'b'])`: the texts as an SQL list for `in`. #}
{% macro text_list(texts) -%}
    (
        {%- for text in texts -%}
        '{{ text | replace("'", "''") }}'{{ ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}
