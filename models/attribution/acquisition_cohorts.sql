{{ config(materialized='view') }}

{% set types = sojourn.conversion_types() -%}

-- What customers brought in the months since their first conversion, by the channels that earned
-- that first one.

with conversions as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'conversions') }}
    where person_id is not null

),

credits as (

    select * from {{ ref('sojourn', 'credits') }}

),

acquired as (

    select
        conversions.person_id,
        conversions.conversion_type,
        credits.model,
        credits.channel,
        cast(date_trunc('month', conversions.converted_at) as date) as cohort_month,
        sum(credits.credit) as credit

    from conversions
    inner join credits on conversions.conversion_id = credits.conversion_id
    where conversions.is_first
    group by
        conversions.person_id,
        conversions.conversion_type,
        credits.model,
        credits.channel,
        cast(date_trunc('month', conversions.converted_at) as date)

),

-- Where new and returning customers are types of their own, the latter are what the former became.
later_types as (

    {% for type, settings in types.items() -%}
    {{ 'union all' if not loop.first }}
    select
        {{ sojourn.text_literal(type) }} as conversion_type,
        {{ sojourn.text_literal(type) }} as later_type
    {% for later_type, later in types.items()
        if settings.customers == 'new' and later.customers == 'returning'
        and (settings.of, settings.event) == (later.of, later.event) -%}
    union all
    select
        {{ sojourn.text_literal(type) }} as conversion_type,
        {{ sojourn.text_literal(later_type) }} as later_type
    {% endfor -%}
    {% endfor %}

),

spent as (

    select
        conversions.person_id,
        later_types.conversion_type,
        cast(date_trunc('month', conversions.converted_at) as date) as converted_month,
        count(*) as conversions,
        sum(conversions.revenue) as revenue

    from conversions
    inner join later_types on conversions.conversion_type = later_types.later_type
    group by
        conversions.person_id,
        later_types.conversion_type,
        cast(date_trunc('month', conversions.converted_at) as date)

),

cohorts as (

    select
        acquired.conversion_type,
        acquired.model,
        acquired.channel,
        acquired.cohort_month,
        12 * (
            extract(year from spent.converted_month) - extract(year from acquired.cohort_month)
        )
        + extract(month from spent.converted_month)
        - extract(month from acquired.cohort_month) as months_since,
        sum(acquired.credit) as active_customers,
        sum(acquired.credit * spent.conversions) as conversions,
        sum(
            acquired.credit * cast(coalesce(spent.revenue, 0) as {{ sojourn.type_double() }})
        ) as revenue

    from acquired
    inner join spent
        on
            acquired.person_id = spent.person_id
            and acquired.conversion_type = spent.conversion_type
    group by
        acquired.conversion_type,
        acquired.model,
        acquired.channel,
        acquired.cohort_month,
        12 * (
            extract(year from spent.converted_month) - extract(year from acquired.cohort_month)
        )
        + extract(month from spent.converted_month)
        - extract(month from acquired.cohort_month)

)

select
    conversion_type,
    model,
    channel,
    cast(months_since as {{ sojourn.type_bigint() }}) as months_since,
    active_customers,
    max(case when months_since = 0 then active_customers end) over (
        partition by conversion_type, model, channel, cohort_month
    ) as customers,
    conversions,
    revenue,
    cohort_month

from cohorts
