{# Around every model (a hook costs time with each: there is one before and one after). #}
{% macro before_model() -%}
    {%- do sojourn.sweep_marks() -%}
    {{ return(sojourn.prepare_session()) }}
{%- endmacro %}

{% macro after_model() -%}
    {%- do sojourn.sweep_marks() -%}
    {%- do sojourn.gather_statistics(this) -%}
    {#- Then: an index makes a table look as if all were known of it. #}
    {%- do sojourn.index_changes(this) -%}
    {{ return('') }}
{%- endmacro %}
