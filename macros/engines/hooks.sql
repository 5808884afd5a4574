{# Around every model (a hook costs time with each: there is one before and one after). #}
{% macro before_model() -%}
    {%- do sojourn.sweep_marks() -%}
    {{ return(sojourn.prepare_session()) }}
{%- endmacro %}

{% macro after_model() -%}
    {%- do sojourn.sweep_marks() -%}
    {{ return(sojourn.gather_statistics(this)) }}
{%- endmacro %}
