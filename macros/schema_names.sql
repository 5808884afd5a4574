{# Schemas have bare names in production; `schema_prefix` keeps developers and replays apart. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set prefix = var('schema_prefix') or env_var('SOJOURN_SCHEMA_PREFIX', '') -%}
    {{ prefix }}{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
