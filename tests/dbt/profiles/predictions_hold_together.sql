-- Every customer has a prediction, or a reason why not; probabilities lie between 0 and 1, and more
-- time brings no fewer orders and no less value.
select purchase_history.person_id

from {{ ref('sojourn', 'purchase_history') }} as purchase_history
left join {{ ref('sojourn', 'predictions') }} as predictions
    on purchase_history.person_id = predictions.person_id
where
    predictions.person_id is null
    or (
        predictions.reason is null
        and (
            predictions.expected_value_365_days is null
            or predictions.churn_risk is null
            or predictions.propensity_30_days is null
        )
    )
    or predictions.churn_risk not between 0 and 1
    or predictions.propensity_30_days not between 0 and 1
    or predictions.expected_orders_30_days < 0
    or predictions.expected_orders_90_days < predictions.expected_orders_30_days
    or predictions.expected_orders_365_days < predictions.expected_orders_90_days
    or predictions.expected_value_365_days < predictions.expected_value_90_days
