-- Every won opportunity is a conversion of each type that counts all of them, or is in
-- `opportunities_quarantined`.
{% set types = sojourn.conversion_types() -%}

with opportunities as (

    select * from {{ ref('sojourn', 'opportunities_won') }}

),

expected as (

    {% for type in sojourn.conversion_types_with('of', 'opportunity_won') or [''] -%}
    select
        {{ sojourn.conversion_prefix(type) }} || milestone_key as conversion_id,
        milestone_key

    from opportunities
    {{ 'where 1 = 0' if not type or types[type].customers != 'all' }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select expected.conversion_id

from expected
left join {{ ref('sojourn', 'conversions') }} as conversions
    on expected.conversion_id = conversions.conversion_id
left join {{ ref('sojourn', 'opportunities_quarantined') }} as quarantined
    on expected.milestone_key = quarantined.milestone_key
where
    conversions.conversion_id is null
    and quarantined.milestone_key is null
