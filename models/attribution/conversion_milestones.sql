{% set opportunity_types = sojourn.conversion_types_with('of', 'opportunity_won') or [''] -%}

-- The opportunity says when it was created. Its lead is the latest one of the same person that was
-- there by then.

with milestone_inputs as (

    {{ sojourn.union_inputs('milestones') }}

),

conversions as (

    select * from {{ ref('sojourn', 'conversions') }}
    where
        conversion_type in (
            {% for type in opportunity_types -%}
            {{ sojourn.text_literal(type) }}{{ ',' if not loop.last }}
            {% endfor %}
        )

),

record_owners as (

    select * from {{ ref('sojourn', 'record_owners') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by source, milestone_key
            order by loaded_at desc, occurred_at desc
        ) as version_rank

    from milestone_inputs
    where milestone_type in ('lead_created', 'opportunity_created')

),

opportunities_created as (

    {% for type in opportunity_types -%}
    select
        source,
        {{ sojourn.conversion_prefix(type) }}
        || replace(milestone_key, 'opportunity_created:', 'opportunity_won:') as conversion_id,
        occurred_at

    from ranked
    where
        version_rank = 1
        and milestone_type = 'opportunity_created'
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

leads_created as (

    select
        record_owners.person_id,
        ranked.occurred_at

    from ranked
    inner join record_owners
        on
            ranked.source = record_owners.source
            and ranked.record_id = record_owners.record_id
    where
        ranked.version_rank = 1
        and ranked.milestone_type = 'lead_created'

),

with_opportunity as (

    select
        conversions.conversion_id,
        conversions.person_id,
        conversions.converted_at,
        opportunities_created.occurred_at as opportunity_created_at

    from conversions
    left join opportunities_created
        on
            conversions.source = opportunities_created.source
            and conversions.conversion_id = opportunities_created.conversion_id

),

with_lead as (

    select
        with_opportunity.conversion_id,
        with_opportunity.person_id,
        with_opportunity.opportunity_created_at,
        max(leads_created.occurred_at) as lead_created_at

    from with_opportunity
    left join leads_created
        on
            with_opportunity.person_id = leads_created.person_id
            and leads_created.occurred_at
            <= coalesce(with_opportunity.opportunity_created_at, with_opportunity.converted_at)
    group by
        with_opportunity.conversion_id,
        with_opportunity.person_id,
        with_opportunity.opportunity_created_at

)

select
    conversion_id,
    person_id,
    lead_created_at,
    opportunity_created_at

from with_lead
