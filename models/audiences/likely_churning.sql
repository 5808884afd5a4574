-- Bought on three days or more, were worth much, and are likelier gone than not. Empty until the
-- first fit: see docs/customer-value.md.

select
    profiles.person_id,
    'Likely gone after '
    || cast(purchase_history.repeat_purchases + 1 as {{ sojourn.type_string() }})
    || ' purchases' as reason

from {{ ref('sojourn', 'profiles') }} as profiles
inner join {{ ref('sojourn', 'purchase_history') }} as purchase_history
    on profiles.person_id = purchase_history.person_id
where
    profiles.churn_risk >= 0.5
    and purchase_history.repeat_purchases >= 2
    and purchase_history.monetary_score >= 4
    and profiles.lifecycle_stage <> 'lost'
