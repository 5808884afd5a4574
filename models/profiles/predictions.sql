{%- set model = sojourn.customer_value('model') %}
{%- set yearly_discount = sojourn.customer_value('yearly_discount') %}
{%- set features = sojourn.propensity_features() %}
{#- Whether customers may drop out after their first purchase already. #}
{%- set first_chance = 1 if model == 'mbg_nbd' else 0 %}
{#- Orders count as if they came in the middle of a step: money that comes later is worth less. #}
{%- set steps = [30, 90, 180, 270, 365] %}

with purchase_history as (

    select * from {{ ref('sojourn', 'purchase_history') }}

),

value_parameters as (

    select * from {{ ref('sojourn', 'value_parameters') }}
    where recorded_at <= {{ sojourn.run_at() }}

),

cut_offs as (

    select {{ sojourn.run_at() }} as cut_off

),

recent_behaviour as (

    {{ sojourn.recent_behaviour('cut_offs') }}

),

latest_version as (

    select max(fit_version) as fit_version
    from value_parameters

),

latest_fit as (

    select value_parameters.*

    from value_parameters
    inner join latest_version on value_parameters.fit_version = latest_version.fit_version

),

-- One row, whether there is a fit or not: what was not fitted is NULL.
parameters as (

    select
        max(fit_version) as fit_version,
        {% for parameter in ['r', 'alpha', 'a', 'b'] -%}
        max(case when model = '{{ model }}' and parameter = '{{ parameter }}' then value end)
            as {{ parameter }},
        {% endfor -%}
        {% for parameter in ['p', 'q', 'gamma'] -%}
        max(case when model = 'gamma_gamma' and parameter = '{{ parameter }}' then value end)
            as {{ parameter }},
        {% endfor -%}
        {% for parameter in ['intercept', 'buys_by_model'] + features | list -%}
        max(case when model = 'propensity' and parameter = '{{ parameter }}' then value end)
            as of_{{ parameter }},
        {% endfor -%}
        max(training_to) as training_to

    from latest_fit

),

-- Chances to drop out, which the expectation is averaged over.
nodes as (

    select
        position_number,
        max(case when parameter = 'chance' then value end) as chance,
        max(case when parameter = 'weight' then value end) as weight

    from latest_fit
    where
        model = '{{ model }}'
        and parameter in ('chance', 'weight')
    group by position_number

),

steps as (

    {% for days in steps -%}
    select {{ days }} as days
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- What customers who are alive will do depends on no more than this.
kinds as (

    select distinct
        repeat_purchases,
        tenure_days

    from purchase_history

),

-- How likely customers of a kind who are alive have a chance to drop out, by their purchases; and
-- what the orders until the end of a step depend on.
chances as (

    select
        kinds.repeat_purchases,
        kinds.tenure_days,
        steps.days,
        nodes.chance,
        parameters.r + kinds.repeat_purchases as rate,
        nodes.chance * (steps.days / 7e0) / (parameters.alpha + kinds.tenure_days / 7e0) as odds,
        nodes.weight
        * exp(greatest((kinds.repeat_purchases + {{ first_chance }}) * ln(1 - nodes.chance), -300))
            as likelihood

    from kinds
    cross join nodes
    cross join parameters
    cross join steps

),

outcomes as (

    select
        *,
        {{ sojourn.part_lost('rate * (' ~ sojourn.ln_of_one_more('odds') ~ ')') }} / chance
            as orders

    from chances

),

expected_of_the_living as (

    select
        {% for days in steps -%}
        sum(case when days = {{ days }} then likelihood * orders end)
        / sum(case when days = {{ days }} then likelihood end) as orders_{{ days }},
        {% endfor -%}
        repeat_purchases,
        tenure_days

    from outcomes
    group by repeat_purchases, tenure_days

),

described as (

    select
        {% for name, expression in features.items() -%}
        {{ sojourn.propensity_feature(expression) }} as {{ name }},
        {% endfor -%}
        purchase_history.*

    from purchase_history
    left join recent_behaviour on purchase_history.person_id = recent_behaviour.person_id

),

customers as (

    select
        described.person_id,
        described.repeat_purchases,
        parameters.*,
        {% for days in steps -%}
        expected_of_the_living.orders_{{ days }},
        {% endfor -%}
        {% for name in features -%}
        described.{{ name }},
        {% endfor -%}
        parameters.p
        * (parameters.gamma + described.valued_purchases * coalesce(described.average_value, 0))
        / (parameters.p * described.valued_purchases + parameters.q - 1) as order_value,
        ln(parameters.a)
        - ln(parameters.b + greatest(described.repeat_purchases + {{ first_chance }} - 1, 0))
        + (parameters.r + described.repeat_purchases) * ln(
            (parameters.alpha + described.tenure_days / 7e0)
            / (parameters.alpha + described.recency_days / 7e0)
        ) as log_odds_gone,
        1 - exp(
            -(parameters.r + described.repeat_purchases)
            * ln(1 + (30 / 7e0) / (parameters.alpha + described.tenure_days / 7e0))
        ) as buys_if_alive

    from described
    cross join parameters
    left join expected_of_the_living
        on
            described.repeat_purchases = expected_of_the_living.repeat_purchases
            and described.tenure_days = expected_of_the_living.tenure_days

),

alive_or_gone as (

    select
        *,
        order_value * {{ sojourn.customer_value('margin') }} as margin_of_an_order,
        case
            when r is not null and repeat_purchases + {{ first_chance }} = 0 then 1e0
            else 1 / (1 + exp({{ sojourn.clamped('log_odds_gone', -300, 300) }}))
        end as alive

    from customers

),

buying as (

    select
        *,
        {{ sojourn.clamped('alive * buys_if_alive', '0.000001', '0.999999') }} as buys

    from alive_or_gone

),

scored as (

    select
        *,
        {% for horizon in [30, 90, 365] -%}
        alive * margin_of_an_order * (
            {%- for days in steps if days <= horizon %}
            {% set before = steps[loop.index0 - 1] if loop.index0 else 0 -%}
            {{ '+ ' if loop.index0 -}}
            (orders_{{ days }}{{ ' - orders_' ~ before if before }})
            * {{ sojourn.double_literal((1 + yearly_discount) ** (-(days + before) / 730)) }}
            {%- endfor %}
        ) as value_{{ horizon }},
        {% endfor -%}
        of_intercept
        + of_buys_by_model * ln(buys / (1 - buys))
        {%- for name in features %}
        + coalesce(of_{{ name }}, 0) * {{ name }}
        {%- endfor %} as log_odds

    from buying

)

select
    person_id,
    fit_version,
    case when r is not null then '{{ model }}' end as model,
    case
        when fit_version is null then 'Nothing is fitted yet: sojourn value fit'
        when r is null then 'The fit has no {{ model }}: it did not converge'
        else nullif(concat_ws(
            '; ',
            case
                when gamma is null then 'Too few repeat purchases to learn what an order is worth'
            end,
            case
                when of_intercept is null
                    then 'Too few customers bought, or did not, to learn a propensity'
            end
        ), '')
    end as reason,
    {% for days in [30, 90, 365] -%}
    alive * orders_{{ days }} as expected_orders_{{ days }}_days,
    {% endfor -%}
    order_value as expected_order_value,
    {% for days in [30, 90, 365] -%}
    value_{{ days }} as expected_value_{{ days }}_days,
    {% endfor -%}
    alive as probability_alive,
    1 - alive as churn_risk,
    1 / (1 + exp(-({{ sojourn.clamped('log_odds', -30, 30) }}))) as propensity_30_days,
    training_to

from scored
