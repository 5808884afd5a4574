{# The last load of one source that this incremental table has read, as a literal: loads of a source
   follow each other. #}
{% macro last_load() -%}
    {%- set last = none -%}
    {%- if execute and is_incremental() -%}
        {%- set last = run_query('select max(load_id) from ' ~ this).rows[0][0] -%}
    {%- endif -%}
    '{{ last or "" }}'
{%- endmacro %}
