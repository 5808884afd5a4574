{%- set lifecycle = var('lifecycle') %}

with identifiers as (

    select * from {{ ref('sojourn', 'identifiers') }}

),

profile_lineage as (

    select * from {{ ref('sojourn', 'profile_lineage') }}

),

sessions as (

    select * from {{ ref('sojourn', 'sessions') }}

),

touchpoints as (

    select * from {{ ref('sojourn', 'touchpoints') }}

),

orders as (

    select * from {{ ref('sojourn', 'orders') }}

),

events as (

    select * from {{ ref('sojourn', 'events') }}

),

purchase_history as (

    select * from {{ ref('sojourn', 'purchase_history') }}

),

predictions as (

    select * from {{ ref('sojourn', 'predictions') }}

),

persons as (

    select
        person_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(case
            when identifier_type in {{ sojourn.text_list(lifecycle.contact_identifiers) }}
                then first_seen_at
        end) as identified_at

    from identifiers
    where person_id is not null
    group by person_id

),

winning_values as (

    select
        {% for attribute in sojourn.profile_attributes() -%}
        max(case when attribute = '{{ attribute }}' then value end) as {{ attribute }},
        {% endfor -%}
        person_id

    from profile_lineage
    where is_winner
    group by person_id

),

person_sessions as (

    select
        person_id,
        count(*) as session_count,
        max(started_at) as last_session_at

    from sessions
    where person_id is not null
    group by person_id

),

person_touches as (

    select
        person_id,
        count(*) as touch_count,
        max(touched_at) as last_touched_at

    from touchpoints
    where
        person_id is not null
        and not coalesce(is_machine, false)
    group by person_id

),

person_orders as (

    select
        person_id,
        count(*) as order_count,
        sum(revenue) as revenue,
        sum(gross_revenue) as gross_revenue,
        sum(refunded_revenue) as refunded_revenue,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at

    from orders
    where
        person_id is not null
        and {{ sojourn.is_purchase('status') }}
    group by person_id

),

person_advocacy as (

    select
        person_id,
        max(occurred_at) as last_advocated_at

    from events
    where
        event_name in {{ sojourn.text_list(lifecycle.advocacy_events) }}
        and person_id is not null
    group by person_id

),

described as (

    select
        persons.person_id,
        {% for attribute in sojourn.profile_attributes() -%}
        winning_values.{{ attribute }},
        {% endfor -%}
        coalesce(person_sessions.session_count, 0) as session_count,
        coalesce(person_touches.touch_count, 0) as touch_count,
        coalesce(person_orders.order_count, 0) as order_count,
        coalesce(person_orders.revenue, 0) as revenue,
        coalesce(person_orders.gross_revenue, 0) as gross_revenue,
        coalesce(person_orders.refunded_revenue, 0) as refunded_revenue,
        purchase_history.rfm_score,
        predictions.expected_orders_365_days,
        predictions.expected_value_365_days,
        predictions.churn_risk,
        predictions.propensity_30_days,
        persons.first_seen_at,
        persons.last_seen_at,
        persons.identified_at,
        person_sessions.last_session_at,
        person_touches.last_touched_at,
        person_orders.first_ordered_at,
        person_orders.last_ordered_at,
        person_advocacy.last_advocated_at

    from persons
    left join winning_values on persons.person_id = winning_values.person_id
    left join person_sessions on persons.person_id = person_sessions.person_id
    left join person_touches on persons.person_id = person_touches.person_id
    left join person_orders on persons.person_id = person_orders.person_id
    left join person_advocacy on persons.person_id = person_advocacy.person_id
    left join purchase_history on persons.person_id = purchase_history.person_id
    left join predictions on persons.person_id = predictions.person_id

),

-- The first stage whose rule holds. Customers are judged by time before they are by loyalty.
staged as (

    select
        *,
        case
            when last_ordered_at <= {{ sojourn.days_before(sojourn.run_at(), lifecycle.lost_days) }}
                then 'lost'
            when
                last_ordered_at
                <= {{ sojourn.days_before(sojourn.run_at(), lifecycle.lapsing_days) }}
                then 'lapsing'
            when
                order_count >= 2
                and last_advocated_at
                > {{ sojourn.days_before(sojourn.run_at(), lifecycle.lost_days) }}
                then 'advocate'
            when order_count >= {{ lifecycle.loyal_orders }} then 'loyal'
            when order_count >= 2 then 'repeat'
            when order_count = 1 then 'first_purchase'
            when identified_at is not null then 'lead'
            when session_count > 0 or touch_count > 0 then 'visitor'
            else 'unaware'
        end as lifecycle_stage

    from described

)

select
    person_id,
    {% for attribute in sojourn.profile_attributes() -%}
    {{ attribute }},
    {% endfor -%}
    lifecycle_stage,
    rfm_score,
    cast(session_count as {{ sojourn.type_bigint() }}) as session_count,
    cast(touch_count as {{ sojourn.type_bigint() }}) as touch_count,
    cast(order_count as {{ sojourn.type_bigint() }}) as order_count,
    cast(revenue as {{ sojourn.type_money() }}) as revenue,
    cast(gross_revenue as {{ sojourn.type_money() }}) as gross_revenue,
    cast(refunded_revenue as {{ sojourn.type_money() }}) as refunded_revenue,
    expected_orders_365_days,
    expected_value_365_days,
    churn_risk,
    propensity_30_days,
    first_seen_at,
    last_seen_at,
    identified_at,
    last_session_at,
    last_touched_at,
    first_ordered_at,
    last_ordered_at,
    last_advocated_at

from staged
