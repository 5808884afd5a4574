{# `attribution_settings()`: the var `attribution_settings`, checked: a dictionary by conversion type and
   for `default`, each with all settings. #}
{% macro attribution_settings() -%}
    {#- A model of a project that uses this one as a package sees no vars of this one, but its nodes. -#}
    {%- if model is defined and model.package_name and model.package_name != 'sojourn' -%}
        {%- set kept = graph.nodes.values() if execute else [] -%}
        {%- for node in kept if node.unique_id == 'model.sojourn.creditable_kinds' -%}
            {{ return(node.config.meta.attribution_settings) }}
        {%- endfor -%}
        {{ return({'default': {'direct': 'fallback', 'window_touches': none}}) }}
    {%- endif -%}
    {%- set given = var('attribution_settings', {}) or {} -%}
    {%- set defaults = {
        'window_days': var('attribution_window_days'), 'window_touches': none, 'kind_windows': {},
        'kind_weights': {}, 'direct': 'fallback', 'excluded_channels': [], 'included_channels': [],
        'path': 'all', 'removed_if_not_alone': [],
    } -%}
    {%- set known = sojourn.conversion_types() -%}
    {%- for type in given if type != 'default' and type not in known -%}
        {{ exceptions.raise_compiler_error(
            '`attribution_settings` names ' ~ type ~ ', but `conversion_types` has only '
            ~ known | join(', ') ~ ': correct the name, or add the type there.'
        ) }}
    {%- endfor -%}
    {%- set found = {} -%}
    {%- for type in ['default'] + (given | reject('equalto', 'default') | sort) -%}
        {%- set settings = dict(found.get('default', defaults), **(given.get(type) or {})) -%}
        {%- for name in settings if name not in defaults -%}
            {{ exceptions.raise_compiler_error(
                '`attribution_settings`: ' ~ type ~ ' names ' ~ name ~ ', but there are only '
                ~ defaults | join(', ') ~ '.'
            ) }}
        {%- endfor -%}
        {%- do sojourn.check_attribution_settings(type, settings) -%}
        {%- do found.update({type: settings}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro check_attribution_settings(type, settings) -%}
    {%- set wrong = [] -%}
    {%- set days = [settings.window_days] + settings.kind_windows.values() | list -%}
    {%- for number in days if number is not integer or number is boolean or number < 1 -%}
        {%- do wrong.append('a window is ' ~ number ~ ', but must be a whole number of days from 1') -%}
    {%- endfor -%}
    {%- for number in settings.kind_windows.values() if number is integer and number > settings.window_days -%}
        {%- do wrong.append('the window of a kind is ' ~ number ~ ' days, but may not be longer than window_days') -%}
    {%- endfor -%}
    {%- for weight in settings.kind_weights.values() if weight is not number or weight is boolean or weight < 0 -%}
        {%- do wrong.append('the weight of a kind is ' ~ weight ~ ', but must be a number not below 0') -%}
    {%- endfor -%}
    {%- set touches = settings.window_touches -%}
    {%- if touches is not none and (touches is not integer or touches is boolean or touches < 1) -%}
        {%- do wrong.append('window_touches is ' ~ touches ~ ', but must be a whole number from 1, or null') -%}
    {%- endif -%}
    {%- for name, words in [
        ('direct', ['fallback', 'counts', 'never']), ('path', ['all', 'collapsed', 'first'])
    ] if settings[name] not in words -%}
        {%- do wrong.append(name ~ ' is ' ~ settings[name] ~ ', but must be one of ' ~ words | join(', ')) -%}
    {%- endfor -%}
    {%- for name in ['excluded_channels', 'included_channels', 'removed_if_not_alone']
        if settings[name] is string or settings[name] is mapping or settings[name] is not sequence -%}
        {%- do wrong.append(name ~ ' is ' ~ settings[name] ~ ', but must be a list of channels') -%}
    {%- endfor -%}
    {%- if wrong -%}
        {{ exceptions.raise_compiler_error('`attribution_settings`: ' ~ type ~ ': ' ~ wrong | join('; ') ~ '.') }}
    {%- endif -%}
{%- endmacro %}

{# `by_conversion_type(parts, column)`: SQL of what differs by conversion type; `parts` has SQL by
   conversion type and for `default`. Where all are alike, just that. #}
{% macro by_conversion_type(parts, column) -%}
    {%- if parts.values() | unique | list | length == 1 -%}
        {{ parts.default }}
    {%- else -%}
        (case {{ column }}
        {%- for type, part in parts.items() if type != 'default' %} when {{ sojourn.text_literal(type) }} then {{ part }}{% endfor %} else {{ parts.default }} end)
    {%- endif -%}
{%- endmacro %}

{# `window_days('conversion_type', 'kind')`: days of the attribution window; without a kind, of the
   longest one. #}
{% macro window_days(type, kind=none) -%}
    {%- set parts = {} -%}
    {%- for name, settings in sojourn.attribution_settings().items() -%}
        {%- if kind is none or not settings.kind_windows -%}
            {%- do parts.update({name: settings.window_days | string}) -%}
        {%- else -%}
            {%- set cases = [] -%}
            {%- for its_kind, days in settings.kind_windows.items() -%}
                {%- do cases.append('when ' ~ sojourn.text_literal(its_kind) ~ ' then ' ~ days) -%}
            {%- endfor -%}
            {%- do parts.update({name: '(case ' ~ kind ~ ' ' ~ cases | join(' ') ~ ' else ' ~ settings.window_days ~ ' end)'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ sojourn.by_conversion_type(parts, type) }}
{%- endmacro %}

{# `window_touches('conversion_type')`: how many touches, the last ones, count; empty where all do. #}
{% macro window_touches(type) -%}
    {%- set parts = {} -%}
    {%- for name, settings in sojourn.attribution_settings().items() -%}
        {%- do parts.update({name: (2000000000 if settings.window_touches is none else settings.window_touches) | string}) -%}
    {%- endfor -%}
    {{ '' if parts.values() | unique | list == ['2000000000'] else sojourn.by_conversion_type(parts, type) }}
{%- endmacro %}

{# `kind_weight('conversion_type', 'kind')`: by what the credit of touches of a kind is multiplied;
   empty where it is 1 for all. #}
{% macro kind_weight(type, kind) -%}
    {%- set parts = {} -%}
    {%- for name, settings in sojourn.attribution_settings().items() -%}
        {%- set cases = [] -%}
        {%- for its_kind, weight in settings.kind_weights.items() -%}
            {%- do cases.append('when ' ~ sojourn.text_literal(its_kind) ~ ' then ' ~ weight) -%}
        {%- endfor -%}
        {%- do parts.update({name: '(case ' ~ kind ~ ' ' ~ cases | join(' ') ~ ' else 1 end)' if cases else '1'}) -%}
    {%- endfor -%}
    {{ '' if parts.values() | unique | list == ['1'] else sojourn.by_conversion_type(parts, type) }}
{%- endmacro %}

{# `channel_counts('conversion_type', 'channel')`: whether touches of the channel are steps of a path;
   empty where all are. #}
{% macro channel_counts(type, channel) -%}
    {%- set parts = {} -%}
    {%- for name, settings in sojourn.attribution_settings().items() -%}
        {%- set conditions = [] -%}
        {%- if settings.excluded_channels -%}
            {%- do conditions.append('not ' ~ sojourn.in_channels(channel, settings.excluded_channels)) -%}
        {%- endif -%}
        {%- if settings.included_channels -%}
            {%- do conditions.append(sojourn.in_channels(channel, settings.included_channels)) -%}
        {%- endif -%}
        {%- do parts.update({name: '(' ~ (conditions | join(' and ') or '1 = 1') ~ ')'}) -%}
    {%- endfor -%}
    {{ '' if parts.values() | unique | list == ['(1 = 1)'] else sojourn.by_conversion_type(parts, type) }}
{%- endmacro %}

{% macro in_channels(channel, channels) -%}
    coalesce({{ channel }}, 'Unassigned') in (
    {%- for name in channels %}{{ sojourn.text_literal(name) }}{{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}

{# `direct_counts('conversion_type', counts_direct)`: whether a touch of the relation at hand earns
   credit, by its columns is_direct and has_other_than_direct. #}
{% macro direct_counts(type, counts_direct) -%}
    {%- set words = {
        'fallback': '1 = 1' if counts_direct else '(not is_direct or has_other_than_direct = 0)',
        'counts': '1 = 1',
        'never': 'not is_direct',
    } -%}
    {%- set parts = {} -%}
    {%- for name, settings in sojourn.attribution_settings().items() -%}
        {%- do parts.update({name: words[settings.direct]}) -%}
    {%- endfor -%}
    {{ sojourn.by_conversion_type(parts, type) }}
{%- endmacro %}

{# `settled_conversion()`: of a journey in `paths`, 1 if it converted, 0 if not, NULL if it ended within
   the last window, in which those that did not convert are not known yet. #}
{% macro settled_conversion() -%}
    case
        when
            coalesce(converted_at, last_touched_at)
            <= {{ sojourn.days_before(sojourn.run_at(), sojourn.window_days('conversion_type')) }}
            then case when is_converted then cast(1 as {{ sojourn.type_double() }}) else 0 end
    end
{%- endmacro %}
