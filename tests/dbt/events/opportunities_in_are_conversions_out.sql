-- Every won opportunity is a conversion or is in `opportunities_quarantined`.
select opportunities.milestone_key

from {{ ref('sojourn', 'opportunities_won') }} as opportunities
left join {{ ref('sojourn', 'conversions') }} as conversions
    on 'opportunity:' || opportunities.milestone_key = conversions.conversion_id
left join {{ ref('sojourn', 'opportunities_quarantined') }} as quarantined
    on opportunities.milestone_key = quarantined.milestone_key
where
    conversions.conversion_id is null
    and quarantined.milestone_key is null
