{# `select_with_json('relation', {'context': {'utm_source': 'campaign.source'}})`: a select of all
   columns of the relation and, for each column of JSON text, the texts at the given paths under the
   given names. The text is parsed once a row, not once a value. Read scalars only: the engines print
   objects and decimals in different ways. The columns must hold valid JSON or NULL. #}
{% macro select_with_json(relation, columns) -%}
    {{ adapter.dispatch('select_with_json', 'sojourn')(relation, columns) }}
{%- endmacro %}

{% macro default__select_with_json(relation, columns) -%}
    select
        {{ relation }}.*
        {%- for column, paths in columns.items() -%}
        {%- for name, path in paths.items() %},
        get_json_object({{ relation }}.{{ column }}, '$.{{ path }}') as {{ name }}
        {%- endfor -%}
        {%- endfor %}
    from {{ relation }}
{%- endmacro %}

{% macro duckdb__select_with_json(relation, columns) -%}
    select
        {{ relation }}.* exclude ({{ columns.keys() | join('__texts, ') }}__texts)
        {%- for column, paths in columns.items() -%}
        {%- for name in paths %},
        {{ column }}__texts[{{ loop.index }}] as {{ name }}
        {%- endfor -%}
        {%- endfor %}
    from (
        select
            *
            {%- for column, paths in columns.items() %},
            json_extract_string({{ column }}, [
                {%- for path in paths.values() -%}'$.{{ path }}'{{ ', ' if not loop.last }}{%- endfor -%}
            ]) as {{ column }}__texts
            {%- endfor %}
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}

{# A function in the FROM clause is called once a row; an expression in a subquery would be pulled up, to
   parse for each value. One that returns no set: a set is taken for a thousand rows. #}
{% macro postgres__select_with_json(relation, columns) -%}
    select
        {{ relation }}.*
        {%- for column, paths in columns.items() -%}
        {%- for name, path in paths.items() %},
        {{ column }}__json.document #>> '{ {{- path | replace('.', ',') -}} }' as {{ name }}
        {%- endfor -%}
        {%- endfor %}
    from {{ relation }}
    {%- for column in columns %}
    cross join lateral jsonb_path_query_first(cast({{ relation }}.{{ column }} as jsonb), '$') as {{ column }}__json (document)
    {%- endfor %}
{%- endmacro %}

{# `select_json_entries('relation', 'column', 'name', 'value')`: a select of all columns of the
   relation with one row per key of the JSON object in the column: the key as `name`, its value's
   text as `value`. Rows with NULL or an empty object give none. #}
{% macro select_json_entries(relation, column, name, value) -%}
    {{ adapter.dispatch('select_json_entries', 'sojourn')(relation, column, name, value) }}
{%- endmacro %}

{% macro default__select_json_entries(relation, column, name, value) -%}
    select
        {{ relation }}.*,
        entries.{{ name }},
        entries.{{ value }}
    from {{ relation }}
    lateral view explode(from_json({{ column }}, 'map<string, string>')) entries as {{ name }}, {{ value }}
{%- endmacro %}

{% macro duckdb__select_json_entries(relation, column, name, value) -%}
    select
        {{ relation }}.*,
        entries.entry.key as {{ name }},
        entries.entry.value as {{ value }}
    from {{ relation }},
        unnest(map_entries(cast(cast({{ relation }}.{{ column }} as json) as map(varchar, varchar)))) as entries (entry)
{%- endmacro %}

{% macro postgres__select_json_entries(relation, column, name, value) -%}
    select
        {{ relation }}.*,
        entries.{{ name }},
        entries.{{ value }}
    from {{ relation }}
    cross join lateral jsonb_each_text(cast({{ relation }}.{{ column }} as jsonb)) as entries ({{ name }}, {{ value }})
{%- endmacro %}

{# Text as a JSON string, quotes included; NULL stays NULL. #}
{% macro json_string(expression) -%}
    {{ adapter.dispatch('json_string', 'sojourn')(expression) }}
{%- endmacro %}

{% macro default__json_string(expression) -%}
    case
        when {{ expression }} is not null
            then substring(to_json(array({{ expression }})), 2, length(to_json(array({{ expression }}))) - 2)
    end
{%- endmacro %}

{% macro duckdb__json_string(expression) -%}
    cast(to_json({{ expression }}) as varchar)
{%- endmacro %}

{% macro postgres__json_string(expression) -%}
    cast(to_json({{ expression }}) as text)
{%- endmacro %}

{# `json_object({'name': 'column'})`: JSON text of an object of texts, keys in the order given, without
   those that are NULL. Made by hand, since the engines' own functions differ in blanks and order. #}
{% macro json_object(values) -%}
    '{' || concat_ws(','
        {%- for name, expression in values.items() %},
        '"{{ name }}":' || {{ sojourn.json_string(expression) }}
        {%- endfor %}
    ) || '}'
{%- endmacro %}
