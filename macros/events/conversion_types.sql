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
                type ~ ' is of ' ~ of ~ ', but only a type of your own is `of` something: order or opportunity_won'
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
        {%- if type == 'opportunity' -%}
            {%- do wrong.append('opportunity cannot be the name of a type: opportunity_won is') -%}
        {%- endif -%}
        {%- if settings.customers not in ['all', 'new', 'returning'] -%}
            {%- do wrong.append(
                type ~ ': customers is ' ~ settings.customers ~ ', but must be all, new or returning'
            ) -%}
        {%- endif -%}
        {%- do found.update({type: settings}) -%}
    {%- endfor -%}
    {%- for type, settings in found.items() if settings.customers == 'returning' -%}
        {%- set others = [] -%}
        {%- for other in found.values()
            if other.customers != 'returning' and (other.of, other.event) == (settings.of, settings.event) -%}
            {%- do others.append(other) -%}
        {%- endfor -%}
        {%- if not others -%}
            {%- do wrong.append(
                type ~ ' is of returning customers: name a type of new or of all customers beside it, '
                ~ 'which says when they first came'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if wrong -%}
        {{ exceptions.raise_compiler_error('`conversion_types`: ' ~ wrong | join('; ') ~ '.') }}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{# `conversion_types_with('of', 'order')`, `('of', none)` for events, `('customers', 'new')`: the names of
   the types that are set so. #}
{% macro conversion_types_with(setting, value) -%}
    {%- set found = [] -%}
    {%- for type, settings in sojourn.conversion_types().items() if settings[setting] == value -%}
        {%- do found.append(type) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# `first_conversions(types)`: person_id, conversion_type, first_converted_at: when a person converted
   first, for types of new or of returning customers; from the CTE `conversions`. Of the same orders,
   opportunities or events another type can say it. #}
{% macro first_conversions(types) -%}
    {%- set all_types = sojourn.conversion_types() -%}
    {%- for type in types %}
    select
        person_id,
        {{ sojourn.text_literal(type) }} as conversion_type,
        min(converted_at) as first_converted_at
    from conversions
    where
        is_first
        and conversion_type in (
            {%- for other, settings in all_types.items()
                if (settings.of, settings.event) == (all_types[type].of, all_types[type].event) -%}
            {{ ', ' if not loop.first }}{{ sojourn.text_literal(other) }}
            {%- endfor -%}
        )
    group by person_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# `counts_for_customers(type, touched_at, first_converted_at)`: whether a touch is a step towards a
   conversion of the type: of new customers until their first, of returning ones after it. #}
{% macro counts_for_customers(type, touched_at, first_converted_at) -%}
    1 = 1
    {%- for name in sojourn.conversion_types_with('customers', 'new') %}
    and (
        {{ type }} <> {{ sojourn.text_literal(name) }}
        or {{ first_converted_at }} is null
        or {{ first_converted_at }} >= {{ touched_at }}
    )
    {%- endfor -%}
    {%- for name in sojourn.conversion_types_with('customers', 'returning') %}
    and ({{ type }} <> {{ sojourn.text_literal(name) }} or {{ first_converted_at }} < {{ touched_at }})
    {%- endfor -%}
{%- endmacro %}

{# What the ids of a type's conversions begin with. #}
{% macro conversion_prefix(type) -%}
    {{ sojourn.text_literal('opportunity:' if type == 'opportunity_won' else type ~ ':') }}
{%- endmacro %}
