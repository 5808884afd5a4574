{# `model_weights('position_based', ['first', 'last', 'others'])`: the weights of a model in the var
   `attribution_weights`, each a number of at least 0 or, for the names in `lists`, a list of such. #}
{% macro model_weights(model, names, lists=[]) -%}
    {%- set weights = var('attribution_weights').get(model) -%}
    {%- if weights is not mapping or weights | sort != names | sort -%}
        {{ exceptions.raise_compiler_error(
            'The var `attribution_weights` needs an entry ' ~ model ~ ' with the weights '
            ~ names | join(', ') ~ '; it has ' ~ (weights or 'none') ~ '.'
        ) }}
    {%- endif -%}
    {%- for name in names -%}
        {%- for weight in (weights[name] if name in lists and weights[name] is sequence and weights[name] is not string else [weights[name]]) -%}
            {%- if weight is not number or weight is boolean or weight < 0 or (name in lists and weights[name] is number) -%}
                {{ exceptions.raise_compiler_error(
                    '`attribution_weights`: ' ~ model ~ '.' ~ name ~ ' is ' ~ weights[name] ~ ', but must be '
                    ~ ('a list of numbers, none of them' if name in lists else 'a number, not') ~ ' below 0.'
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(weights) }}
{%- endmacro %}

{# `half_life_days()`: the half-life of the model time_decay, in days. #}
{% macro half_life_days() -%}
    {%- set days = var('attribution_weights').get('time_decay', {}).get('half_life_days') -%}
    {%- if days is not number or days is boolean or days <= 0 -%}
        {{ exceptions.raise_compiler_error(
            '`attribution_weights`: time_decay.half_life_days is ' ~ days ~ ', but must be a number above 0.'
        ) }}
    {%- endif -%}
    {{ return(days) }}
{%- endmacro %}
