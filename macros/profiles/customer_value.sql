{# `customer_value('margin')`: a setting of the var `customer_value`, checked. #}
{% macro customer_value(name) -%}
    {%- set settings = var('customer_value') -%}
    {%- set value = settings.get(name) if settings is mapping else none -%}
    {%- set wrong = (
        value not in ['bg_nbd', 'mbg_nbd'] if name == 'model'
        else value is not number or value is boolean or value < 0 or (name == 'margin' and value > 1)
    ) -%}
    {%- if wrong -%}
        {{ exceptions.raise_compiler_error(
            'The var `customer_value`: ' ~ name ~ ' is ' ~ value ~ ', but must be '
            ~ {
                'model': 'bg_nbd or mbg_nbd',
                'margin': 'a number from 0 to 1',
                'yearly_discount': 'a number from 0, such as 0.1',
                'training_days': 'a number of days',
            }[name] ~ '.'
        ) }}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}

{# `local_day(time)`: the day of the reporting zone that a UTC time lies on, as its midnight. #}
{% macro local_day(expression) -%}
    {%- set zone = var('reporting_timezone') -%}
    {%- if zone == 'UTC' -%}
    date_trunc('day', {{ expression }})
    {%- else -%}
    date_trunc('day', {{ sojourn.from_utc(expression, sojourn.text_literal(zone)) }})
    {%- endif -%}
{%- endmacro %}

{# `whole_days(start, end)`: the days between two midnights, as a whole number. #}
{% macro whole_days(start, end) -%}
    cast({{ sojourn.seconds_between(start, end) }} / 86400 as {{ sojourn.type_bigint() }})
{%- endmacro %}

{# `purchase_history('cut_offs')`: one row a cut-off and person who had ordered before it, from what had
   happened by then: the CTE or table `cut_offs` has the UTC times `cut_off`. A purchase is a day with an
   order that was not cancelled. The day of the cut-off is the last one that has begun before it. #}
{% macro purchase_history(cut_offs) -%}
    select
        cut_off,
        person_id,
        count(*) - 1 as repeat_purchases,
        sum(case when ordered_on > first_ordered_on and revenue > 0 then 1 else 0 end)
            as valued_purchases,
        cast(
            sum(case when ordered_on > first_ordered_on and revenue > 0 then revenue end)
            as {{ sojourn.type_double() }}
        )
        / nullif(sum(case when ordered_on > first_ordered_on and revenue > 0 then 1 else 0 end), 0)
            as average_value,
        sum(revenue) as revenue,
        {{ sojourn.whole_days('first_ordered_on', 'max(ordered_on)') }} as recency_days,
        {{ sojourn.whole_days('first_ordered_on', 'cut_off_on') }} as tenure_days,
        first_ordered_on,
        max(ordered_on) as last_ordered_on

    from (
        select
            cut_off,
            person_id,
            ordered_on,
            sum(revenue) as revenue,
            min(ordered_on) over (partition by cut_off, person_id) as first_ordered_on,
            {{ sojourn.local_day("(cut_off - interval '1 second')") }} as cut_off_on

        from (
            select
                cut_offs.cut_off,
                orders.person_id,
                {{ sojourn.local_day('orders.ordered_at') }} as ordered_on,
                orders.gross_revenue
                - case
                    when coalesce(orders.refunded_at, orders.ordered_at) < cut_offs.cut_off
                        then orders.refunded_revenue
                    else 0
                end as revenue

            from {{ ref('sojourn', 'orders') }} as orders
            cross join {{ cut_offs }} as cut_offs
            where
                orders.person_id is not null
                and {{ sojourn.is_purchase('orders.status') }}
                and orders.ordered_at < cut_offs.cut_off
        ) as orders_by_then
        group by cut_off, person_id, ordered_on
    ) as purchases
    group by cut_off, person_id, first_ordered_on, cut_off_on
{%- endmacro %}

{# What the propensity to buy is learned from, beside the purchases: each is the logarithm of one more
   than a number. Names must say the same for ever: fits are kept by them. #}
{% macro propensity_features() -%}
    {{ return({
        'orders': 'repeat_purchases',
        'days_since_order': 'tenure_days - recency_days',
        'days_since_first_order': 'tenure_days',
        'sessions_in_30_days': 'session_count',
        'clicks_in_30_days': 'click_count',
        'opens_in_30_days': 'open_count',
        'other_touches_in_30_days': 'other_touch_count',
        'carts_in_30_days': 'cart_count',
    }) }}
{%- endmacro %}

{% macro propensity_feature(expression) -%}
    ln(1 + cast(coalesce({{ expression }}, 0) as {{ sojourn.type_double() }}))
{%- endmacro %}

{# `recent_behaviour('cut_offs')`: one row a cut-off and person with a session, touch or cart in the
   thirty days before it. #}
{% macro recent_behaviour(cut_offs) -%}
    select
        cut_off,
        person_id,
        sum(is_session) as session_count,
        sum(is_click) as click_count,
        sum(is_open) as open_count,
        sum(1 - is_session - is_click - is_open - is_cart) as other_touch_count,
        sum(is_cart) as cart_count

    from (
        select
            person_id,
            touched_at as happened_at,
            case when kind = 'session' then 1 else 0 end as is_session,
            case when kind in ('click', 'email_click') then 1 else 0 end as is_click,
            case when kind = 'email_open' then 1 else 0 end as is_open,
            0 as is_cart
        from {{ ref('sojourn', 'touchpoints') }}
        where not coalesce(is_machine, false)

        union all

        select
            person_id,
            occurred_at as happened_at,
            0 as is_session,
            0 as is_click,
            0 as is_open,
            1 as is_cart
        from {{ ref('sojourn', 'events') }}
        where
            event_name in {{ sojourn.text_list(sojourn.cart_events()) }}
            and not is_bot
    ) as happenings
    cross join {{ cut_offs }} as cut_offs
    where
        person_id is not null
        and happened_at < cut_off
        and happened_at >= {{ sojourn.days_before('cut_off', 30) }}
    group by cut_off, person_id
{%- endmacro %}

{# `ln_of_one_more(z)`: ln(1 + z) for z from 0, to the last digits where z is small. `part_lost(g)`:
   1 - exp(-g) for g from 0, likewise. #}
{% macro ln_of_one_more(z) -%}
    case
        when {{ z }} < 0.0001 then {{ z }} * (1 - {{ z }} * (0.5 - {{ z }} * (1e0 / 3 - {{ z }} / 4)))
        else ln(1 + {{ z }})
    end
{%- endmacro %}

{% macro part_lost(g) -%}
    case
        when {{ g }} < 0.001 then {{ g }} * (1 - {{ g }} / 2 * (1 - {{ g }} / 3 * (1 - {{ g }} / 4)))
        else 1 - exp(-least({{ g }}, 300))
    end
{%- endmacro %}

{# `clamped(x, low, high)`: x, or the bound that it is beyond; NULL stays NULL, unlike with `least`. #}
{% macro clamped(expression, low, high) -%}
    case
        when {{ expression }} < {{ low }} then {{ low }}
        when {{ expression }} > {{ high }} then {{ high }}
        else {{ expression }}
    end
{%- endmacro %}

{# For `sojourn value fit`: makes two tables in the schema of `value_parameters`. They hold persons, and
   the command drops them when it has read what it needs.
     value_training   cut_off, person_id: what was known of a customer at a cut-off
     value_outcomes   cut_off, person_id, days_after, revenue: their purchases in the days after it

   looks: {cut-off: days}: UTC times as text, and for how many days after each to look. #}
{% macro make_value_training(looks) -%}
    {%- do sojourn.make_value_table('value_training', looks, sojourn.value_training_rows()) -%}
    {%- do sojourn.make_value_table('value_outcomes', looks, sojourn.value_outcome_rows()) -%}
    {%- do adapter.commit() -%}
{%- endmacro %}

{% macro make_value_table(name, looks, rows) -%}
    {%- set parameters = ref('sojourn', 'value_parameters') -%}
    {%- set table = api.Relation.create(
        database=parameters.database, schema=parameters.schema, identifier=name, type='table'
    ) -%}
    {%- do adapter.drop_relation(table) -%}
    {%- call statement(name, auto_begin=True) -%}
    create table {{ table }} as
    with cut_offs as (
        {%- for cut_off, days in looks.items() %}
        select
            cast('{{ cut_off }}' as {{ sojourn.type_timestamp() }}) as cut_off,
            {{ days }} as days
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    )
    {{ rows }}
    {%- endcall -%}
{%- endmacro %}

{% macro value_training_rows() -%}
    select
        histories.*,
        {%- for name, expression in sojourn.propensity_features().items() %}
        {{ sojourn.propensity_feature(expression) }} as feature_{{ name }},
        {%- endfor %}
        substr({{ sojourn.hash_id(['histories.person_id']) }}, 1, 4) as sample_key

    from ({{ sojourn.purchase_history('cut_offs') }}) as histories
    left join ({{ sojourn.recent_behaviour('cut_offs') }}) as behaviours
        on
            histories.cut_off = behaviours.cut_off
            and histories.person_id = behaviours.person_id
{%- endmacro %}

{% macro value_outcome_rows() -%}
    select
        cut_off,
        person_id,
        {{ sojourn.whole_days(
            sojourn.local_day("(cut_off - interval '1 second')"), 'ordered_on'
        ) }} as days_after,
        sum(revenue) as revenue

    from (
        select
            cut_offs.cut_off,
            orders.person_id,
            orders.revenue,
            {{ sojourn.local_day('orders.ordered_at') }} as ordered_on
        from {{ ref('sojourn', 'orders') }} as orders
        cross join cut_offs
        where
            orders.person_id is not null
            and {{ sojourn.is_purchase('orders.status') }}
            and orders.ordered_at >= cut_offs.cut_off
            and orders.ordered_at < {{ sojourn.days_after('cut_offs.cut_off', 'cut_offs.days') }}
    ) as later_orders
    group by cut_off, person_id, ordered_on
{%- endmacro %}
