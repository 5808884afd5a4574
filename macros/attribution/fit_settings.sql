{# The models that are fitted, of those that credits are computed by. #}
{% macro fitted_models() -%}
    {%- set found = [] -%}
    {%- for model in ['markov_channel', 'markov_campaign', 'shapley_channel', 'shapley_campaign'] -%}
        {%- if model in var('attribution_models') -%}{%- do found.append(model) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# `fit_setting('markov_order')`: a value of the var `attribution_fit`, checked. #}
{% macro fit_setting(name) -%}
    {#- Smallest and largest value of what is a whole number. -#}
    {%- set ranges = {
        'training_days': [1, 36500], 'min_conversions': [1, 1000000000], 'markov_order': [1, 3],
        'shapley_exact_values': [1, 16], 'shapley_permutations': [2, 100000],
        'shapley_min_journeys': [1, 1000000000], 'replicates': [0, 1000],
        'interval_cost': [0, 1000000],
    } -%}
    {%- set settings = var('attribution_fit') -%}
    {%- if name not in settings -%}
        {{ exceptions.raise_compiler_error(
            'The var `attribution_fit` lacks ' ~ name ~ ": take it from Sojourn's dbt_project.yml."
        ) }}
    {%- endif -%}
    {%- set value = settings[name] -%}
    {%- if name in ranges -%}
        {%- set low, high = ranges[name] -%}
        {%- if value is not integer or value is boolean or value < low or value > high -%}
            {{ exceptions.raise_compiler_error(
                '`attribution_fit`: ' ~ name ~ ' is ' ~ value ~ ', but must be a whole number from '
                ~ low ~ ' to ' ~ high ~ '.'
            ) }}
        {%- endif -%}
    {%- elif name in ('version', 'candidate', 'seed') and (value or name != 'candidate') and not modules.re.match('^[A-Za-z0-9_.-]+$', value | string) -%}
        {{ exceptions.raise_compiler_error(
            '`attribution_fit`: ' ~ name ~ " is '" ~ value ~ "', but must be made of letters, digits, dots, dashes and underscores."
        ) }}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}

{# The versions to fit: the one that is named and, where there is one, its candidate. #}
{% macro fit_versions() -%}
    {%- set versions = [sojourn.fit_setting('version') | string] -%}
    {%- if sojourn.named_candidate() -%}
        {%- do versions.append(sojourn.named_candidate()) -%}
    {%- endif -%}
    {{ return(versions | unique | list) }}
{%- endmacro %}

{# The candidate that the environment names (`sojourn attribution refit`, where statements run), or
   `attribution_fit`; empty if none does. #}
{% macro named_candidate() -%}
    {%- set asked = env_var('SOJOURN_FIT_CANDIDATE', '') if execute else '' -%}
    {%- if asked and not modules.re.match('^[A-Za-z0-9_.-]+$', asked) -%}
        {{ exceptions.raise_compiler_error(
            "SOJOURN_FIT_CANDIDATE is '" ~ asked ~ "', but must be made of letters, digits, dots, dashes and underscores."
        ) }}
    {%- endif -%}
    {{ return(asked or sojourn.fit_setting('candidate') | string) }}
{%- endmacro %}

{# The recorded fits that fitted models use: conversion_type, model, fit_version. #}
{% macro fits_in_use() -%}
    select distinct
        conversion_type,
        model,
        fit_version
    from {{ ref('sojourn', 'weights_in_use') }}
{%- endmacro %}

{# The recorded fits of the candidate: conversion_type, model, fit_version. It is the one that
   `attribution_fit` or the environment names, or the one that was proposed last, until one is
   adopted. #}
{% macro candidate_fits() -%}
    {%- set named = sojourn.named_candidate() -%}
    select distinct
        conversion_type,
        model,
        fit_version
    from {{ ref('sojourn', 'channel_weights') }}
    where
        {% if named -%}
        fit_version = '{{ named }}'
        {%- else -%}
        fit_version in (
            select fit_version
            from (
                select
                    fit_version,
                    change,
                    row_number() over (order by change_number desc) as recency
                from {{ ref('sojourn', 'fit_log') }}
                where configured_version = '{{ sojourn.fit_setting('version') }}'
            ) as changes
            where
                recency = 1
                and change = 'proposed'
        )
        {%- endif %}
{%- endmacro %}

{# The last moment of training: journeys that ended by then count. At the latest the window's length
   ago, since a younger journey that did not convert still may, and is not known yet. `type` is the
   column with the conversion type. #}
{% macro training_to(type) -%}
    {%- set latest = sojourn.days_before(sojourn.run_at(), sojourn.window_days(type)) -%}
    {%- set stated = sojourn.fit_setting('training_to') -%}
    {%- if not stated -%}
        {{ latest }}
    {%- elif not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', stated | string) -%}
        {{ exceptions.raise_compiler_error(
            "`attribution_fit`: training_to is '" ~ stated ~ "', but must be a day (2026-01-31) or empty."
        ) }}
    {%- else -%}
        least({{ latest }}, cast('{{ stated }}' as {{ sojourn.type_timestamp() }}))
    {%- endif -%}
{%- endmacro %}

{# What stands for a touch where a model's values are campaigns: a touch of no campaign stands for its
   channel, in brackets. #}
{% macro fitted_value(dimension) -%}
    {%- if dimension == 'campaign' -%}
    coalesce(campaign, '(' || coalesce(channel, 'Unassigned') || ')')
    {%- else -%}
    coalesce(channel, 'Unassigned')
    {%- endif -%}
{%- endmacro %}

{# `poisson_weight(digits)`: a draw of Poisson(1), from 8 hexadecimal digits of a hash. #}
{% macro poisson_weight(digits) -%}
    {%- set state = namespace(term=0.36787944117144233, cumulated=0.36787944117144233) -%}
    case
        {%- for count in range(11) %}
        when {{ sojourn.in_byte_order(digits) }} < '{{ '%08x' % (state.cumulated * 4294967296) | int }}' then {{ count }}
        {%- set state.term = state.term / (count + 1) -%}
        {%- set state.cumulated = state.cumulated + state.term -%}
        {%- endfor %}
        else 11
    end
{%- endmacro %}
