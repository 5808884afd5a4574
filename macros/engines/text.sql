{# `json_text(column, 'a.b')`: the value at a path of JSON text, as text; NULL where absent. The
   column must hold valid JSON or NULL (the loader sees to it). #}
{% macro json_text(column, path) -%}
    {{ adapter.dispatch('json_text', 'sojourn')(column, path) }}
{%- endmacro %}

{% macro default__json_text(column, path) -%}
    get_json_object({{ column }}, '$.{{ path }}')
{%- endmacro %}

{% macro duckdb__json_text(column, path) -%}
    json_extract_string({{ column }}, '$.{{ path }}')
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    (cast({{ column }} as jsonb) #>> '{ {{- path | replace('.', ',') -}} }')
{%- endmacro %}

{# `regexp_like(expression, pattern)`: does the pattern occur in it? Patterns must mean the same
   on all engines: character classes, alternation, anchors and counts do. #}
{% macro regexp_like(expression, pattern) -%}
    {{ adapter.dispatch('regexp_like', 'sojourn')(expression, pattern) }}
{%- endmacro %}

{% macro default__regexp_like(expression, pattern) -%}
    ({{ expression }} rlike {{ pattern }})
{%- endmacro %}

{% macro duckdb__regexp_like(expression, pattern) -%}
    regexp_matches({{ expression }}, {{ pattern }})
{%- endmacro %}

{% macro postgres__regexp_like(expression, pattern) -%}
    ({{ expression }} ~ {{ pattern }})
{%- endmacro %}

{# `regexp_group(expression, 'pattern with one (group)')`: the group's text, NULL where the pattern
   does not occur or the group is empty. #}
{% macro regexp_group(expression, pattern) -%}
    {{ adapter.dispatch('regexp_group', 'sojourn')(expression, pattern) }}
{%- endmacro %}

{% macro default__regexp_group(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, '{{ pattern }}', 1), '')
{%- endmacro %}

{% macro postgres__regexp_group(expression, pattern) -%}
    nullif(substring({{ expression }} from '{{ pattern }}'), '')
{%- endmacro %}

{# Host of a URL, in lower case, without `www.`; NULL where there is none. #}
{% macro url_host(expression) -%}
    {{ sojourn.regexp_group('lower(' ~ expression ~ ')', '^[a-z][a-z0-9+.-]*://(?:www[.])?([^/:?#]+)') }}
{%- endmacro %}

{# A query parameter's raw (percent-encoded) value; NULL where it is absent or empty. #}
{% macro url_parameter(expression, name) -%}
    {{ sojourn.regexp_group(expression, '[?&]' ~ name ~ '=([^&#]+)') }}
{%- endmacro %}
