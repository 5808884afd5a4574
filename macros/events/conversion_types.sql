{# `conversion_types()`: the var `conversion_types`, checked: a dictionary by conversion type, each with
   `of` (order or opportunity_won, none for events), `event` (none for those), `value` and `customers`. #}
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
        {%- set kinds = ['order', 'opportunity_won'] -%}
        {%- set of = (its_own or {}).get('of') or (type if type in kinds else none) -%}
        {%- set of_event = of is none -%}
        {%- set settings = dict(
            {'event': none, 'value': 0 if of_event else 'net', 'customers': 'all'},
            **dict(its_own or {}, of=of)
        ) -%}
        {%- for name in settings if name not in ['of', 'event', 'value', 'customers'] -%}
            {%- do wrong.append(
                type ~ ' names ' ~ name ~ ', but there are only of, event, value, customers'
            ) -%}
        {%- endfor -%}
        {%- if not of_event and (of not in kinds or type in kinds and type != of) -%}
            {%- do wrong.append(
                type ~ ' is of ' ~ of ~ ', but a type of your own must be `of` order or opportunity_won'
            ) -%}
        {%- endif -%}
        {%- if of_event and (settings.event is not string or not settings.event) -%}
            {%- do wrong.append(
                type ~ ' needs the name of its `event`, or what it is `of`: order or opportunity_won'
            ) -%}
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

{# `conversion_types_of('order')`, `conversion_types_of(none)` of events: the names of the types. #}
{% macro conversion_types_of(kind) -%}
    {%- set found = [] -%}
    {%- for type, settings in sojourn.conversion_types().items() if settings.of == kind -%}
        {%- do found.append(type) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# What the ids of a type's conversions begin with. #}
{% macro conversion_prefix(type) -%}
    {{ sojourn.text_literal('opportunity:' if type == 'opportunity_won' else type ~ ':') }}
{%- endmacro %}
