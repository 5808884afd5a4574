{# The time as of which everything is built: a UTC timestamp without zone. No model calls the
   clock. At parse time it is a constant, so that a new day does not force a full parse. #}
{% macro run_at() -%}
    cast('{{ sojourn.run_at_text() }}' as {{ sojourn.type_timestamp() }})
{%- endmacro %}

{% macro run_at_text() -%}
    {%- if not execute -%}
        1970-01-01 00:00:00
    {%- else -%}
        {%- set as_of = var('as_of', '') or env_var('SOJOURN_AS_OF', '') -%}
        {%- if as_of -%}
            {{ modules.datetime.datetime.fromisoformat(as_of | string).replace(tzinfo=none).strftime('%Y-%m-%d %H:%M:%S') }}
        {%- else -%}
            {{ run_started_at.strftime('%Y-%m-%d %H:%M:%S') }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
