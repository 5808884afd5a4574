{# One regular expression that matches what any pattern of a seed's column matches; a pattern that
   matches nothing where the seed is empty. Read when the model runs, from the loaded seed. #}
{% macro seed_pattern(seed, column='pattern', where='1 = 1') -%}
    {%- set relation = ref(seed) -%}
    {%- set patterns = [] -%}
    {%- if execute and load_relation(relation) is not none -%}
        {%- set patterns = run_query(
            'select ' ~ column ~ ' from ' ~ relation ~ ' where ' ~ where ~ ' order by ' ~ column
        ).columns[0].values() -%}
    {%- endif -%}
    {{ sojourn.text_literal(patterns | join('|') or '^$.') }}
{%- endmacro %}
