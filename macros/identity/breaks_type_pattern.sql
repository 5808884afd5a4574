{# `breaks_type_pattern(type, value)`: whether a value does not look as the seed identifier_types says
   that values of its type do. Each pattern is a constant, which engines compile once. #}
{% macro breaks_type_pattern(type, value) -%}
    {%- set relation = ref('identifier_types') -%}
    {%- set rows = [] -%}
    {%- if execute and load_relation(relation) is not none -%}
        {%- set rows = run_query(
            'select identifier_type, pattern from ' ~ relation
            ~ ' where pattern is not null order by identifier_type'
        ).rows -%}
    {%- endif -%}
    case {{ type }}
        {%- for row in rows %}
        when {{ sojourn.text_literal(row[0]) }}
            then not {{ sojourn.regexp_like(value, sojourn.text_literal(row[1])) }}
        {%- endfor %}
        {%- if not rows %}
        when '' then false
        {%- endif %}
        else false
    end
{%- endmacro %}
