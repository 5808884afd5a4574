{% set types = sojourn.conversion_types() -%}
{% set event_types = sojourn.conversion_types_with('of', none) -%}

with orders as (

    select * from {{ ref('sojourn', 'orders') }}
    where {{ sojourn.is_purchase('status') }}

),

opportunities_won as (

    select * from {{ ref('sojourn', 'opportunities_won') }}
    where rate is not null

),

record_owners as (

    select * from {{ ref('sojourn', 'record_owners') }}

),

order_conversions as (

    select
        order_id as conversion_key,
        person_id,
        'order' as kind,
        order_id,
        source,
        currency,
        gross_revenue,
        refunded_revenue,
        revenue,
        ordered_at as converted_at

    from orders

),

opportunity_conversions as (

    select
        opportunities_won.milestone_key as conversion_key,
        record_owners.person_id,
        'opportunity_won' as kind,
        cast(null as {{ sojourn.type_string() }}) as order_id,
        opportunities_won.source,
        opportunities_won.currency,
        {{ sojourn.to_reporting_currency(
            'opportunities_won.net_amount', 'opportunities_won.rate'
        ) }}
            as gross_revenue,
        cast(0 as {{ sojourn.type_money() }}) as refunded_revenue,
        {{ sojourn.to_reporting_currency(
            'opportunities_won.net_amount', 'opportunities_won.rate'
        ) }}
            as revenue,
        opportunities_won.occurred_at as converted_at

    from opportunities_won
    left join record_owners
        on
            opportunities_won.source = record_owners.source
            and opportunities_won.record_id = record_owners.record_id

),

{% if event_types -%}
events as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'events') }}
    where
        not is_bot
        and not is_internal
        and event_name in (
            {% for type in event_types -%}
            {{ sojourn.text_literal(types[type].event) }}{{ ',' if not loop.last }}
            {% endfor %}
        )

),

event_conversions as (

    {% for type in event_types -%}
    select
        event_key as conversion_key,
        person_id,
        {{ sojourn.text_literal('event ' ~ type) }} as kind,
        order_id,
        source,
        cast('{{ var('reporting_currency') }}' as {{ sojourn.type_string() }}) as currency,
        cast(0 as {{ sojourn.type_money() }}) as gross_revenue,
        cast(0 as {{ sojourn.type_money() }}) as refunded_revenue,
        cast(0 as {{ sojourn.type_money() }}) as revenue,
        occurred_at as converted_at

    from events
    where event_name = {{ sojourn.text_literal(types[type].event) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

{% endif -%}
all_conversions as (

    select * from order_conversions

    union all

    select * from opportunity_conversions

    {% if event_types -%}
    union all

    select * from event_conversions
    {%- endif %}

),

numbered as (

    select
        *,
        person_id is not null
        and row_number() over (
            partition by person_id, kind
            order by converted_at, {{ sojourn.in_byte_order('conversion_key') }}
        ) = 1 as is_first

    from all_conversions

),

-- What counts, and its value: the var `conversion_types`.
conversions as (

    {% for type, settings in types.items() -%}
    select
        {{ sojourn.conversion_prefix(type) }} || conversion_key as conversion_id,
        conversion_key,
        person_id,
        {{ sojourn.text_literal(type) }} as conversion_type,
        order_id,
        source,
        currency,
        gross_revenue,
        refunded_revenue,
        {{ {'net': 'revenue', 'gross': 'gross_revenue'}.get(
            settings.value, 'cast(' ~ settings.value ~ ' as ' ~ sojourn.type_money() ~ ')'
        ) }} as revenue,
        is_first,
        converted_at

    from numbered
    where
        kind = {{ sojourn.text_literal(settings.of or 'event ' ~ type) }}
        {{ {
            'all': '', 'new': 'and is_first',
            'returning': 'and person_id is not null and not is_first',
        }[settings.customers] }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from conversions
