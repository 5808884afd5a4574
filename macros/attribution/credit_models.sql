{# `credit_models()`: the models that credits are computed by, each with a fingerprint of its SQL, and
   one of their weights and settings and of what counts as a conversion, so that a model that was edited
   is news to what was computed by it. #}
{% macro credit_models() -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
            {%- if node.name.startswith('credits_by_') and node.name[11:] in var('attribution_models') -%}
                {%- do found.append(node.name[11:] ~ ':' ~ local_md5(node.raw_code)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ (found | sort + ['weights:' ~ local_md5(tojson([var('attribution_weights'), sojourn.attribution_settings(), sojourn.conversion_types()], sort_keys=true))]) | join(' ') }}
{%- endmacro %}
