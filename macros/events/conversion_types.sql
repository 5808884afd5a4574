{# `conversion_types()`: the var `conversion_types`, checked: a dictionary by conversion type, each with
   `event` (none for orders and opportunities), `value` and `customers`. #}
{% macro conversion_types() -%}
    {%- set given = var('conversion_types') -%}
    {%- set found = {} -%}
    {%- set wrong = [] -%}
    {%- if given is not mapping or not given -%}
        {%- do wrong.append('it must name at least one conversion type') -%}
    {%- endif -%}
    {%- for type, its_own in (given.items() if given is mapping else []) -%}
        {%- if its_own is not mapping and its_own is not none -%}
            {%- do wrong.append(type ~ ' is ' ~ its_own ~ ', but must be a mapping, {} for the usual') -%}
            {%- set its_own = {} -%}
        {%- endif -%}
        {%- set of_event = type not in ['order', 'opportunity_won'] -%}
        {%- set settings = dict(
            {'event': none, 'value': 0 if of_event else 'net', 'customers': 'all'}, **(its_own or {})
        ) -%}
        {%- for name in settings if name not in ['event', 'value', 'customers'] -%}
            {%- do wrong.append(type ~ ' names ' ~ name ~ ', but there are only event, value, customers') -%}
        {%- endfor -%}
        {%- if of_event and (settings.event is not string or not settings.event) -%}
            {%- do wrong.append(type ~ ' needs the name of its `event`') -%}
        {%- elif not of_event and settings.event is not none -%}
            {%- do wrong.append(type ~ ' is no event: name a type of your own for ' ~ settings.event) -%}
        {%- endif -%}
        {%- set is_amount = (
            settings.value is number and settings.value is not boolean and settings.value >= 0
        ) -%}
        {%- if not is_amount and (of_event or settings.value not in ['net', 'gross']) -%}
            {%- do wrong.append(
                type ~ ': value is ' ~ settings.value ~ ', but must be an amount from 0'
                ~ ('' if of_event else ', net or gross')
            ) -%}
        {%- endif -%}
        {%- if settings.customers not in ['all', 'new', 'returning'] -%}
            {%- do wrong.append(
                type ~ ': customers is ' ~ settings.customers ~ ', but must be all, new or returning'
            ) -%}
        {%- endif -%}
        {%- do found.update({type: settings}) -%}
    {%- endfor -%}
    {%- if wrong -%}
        {{ exceptions.raise_compiler_error('`conversion_types`: ' ~ wrong | join('; ') ~ '.') }}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
