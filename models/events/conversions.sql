with orders as (

    select * from {{ ref('sojourn', 'orders') }}
    where {{ sojourn.is_purchase('status') }}

),

milestone_inputs as (

    {{ sojourn.union_inputs('milestones') }}

),

record_owners as (

    select * from {{ ref('sojourn', 'record_owners') }}

),

exchange_rates_to_reporting as (

    select * from {{ ref('sojourn', 'exchange_rates_to_reporting') }}

),

latest_milestones as (

    select
        *,
        row_number() over (
            partition by source, milestone_key
            order by loaded_at desc, occurred_at desc, revenue desc
        ) as version_rank

    from milestone_inputs
    where milestone_type = 'opportunity_won'

),

order_conversions as (

    select
        'order:' || order_id as conversion_id,
        person_id,
        'order' as conversion_type,
        order_id,
        source,
        currency,
        gross_revenue,
        refunded_revenue,
        revenue,
        ordered_at as converted_at

    from orders

),

milestones_in_currency as (

    select
        milestone_key,
        record_id,
        source,
        coalesce(currency, '{{ var("reporting_currency") }}') as currency,
        revenue,
        occurred_at

    from latest_milestones
    where version_rank = 1

),

opportunity_conversions as (

    select
        'opportunity:' || milestones_in_currency.milestone_key as conversion_id,
        record_owners.person_id,
        'opportunity_won' as conversion_type,
        cast(null as {{ sojourn.type_string() }}) as order_id,
        milestones_in_currency.source,
        milestones_in_currency.currency,
        {{ sojourn.to_reporting_currency(
            'milestones_in_currency.revenue', 'exchange_rates_to_reporting.rate'
        ) }} as gross_revenue,
        cast(0 as {{ sojourn.type_money() }}) as refunded_revenue,
        {{ sojourn.to_reporting_currency(
            'milestones_in_currency.revenue', 'exchange_rates_to_reporting.rate'
        ) }} as revenue,
        milestones_in_currency.occurred_at as converted_at

    from milestones_in_currency
    left join record_owners
        on
            milestones_in_currency.source = record_owners.source
            and milestones_in_currency.record_id = record_owners.record_id
    inner join exchange_rates_to_reporting
        on {{ sojourn.rate_on(
            'milestones_in_currency.currency', 'milestones_in_currency.occurred_at'
        ) }}

),

all_conversions as (

    select * from order_conversions

    union all

    select * from opportunity_conversions

),

conversions as (

    select
        conversion_id,
        person_id,
        conversion_type,
        order_id,
        source,
        currency,
        gross_revenue,
        refunded_revenue,
        revenue,
        person_id is not null
        and row_number() over (
            partition by person_id, conversion_type
            order by converted_at, conversion_id
        ) = 1 as is_first,
        converted_at

    from all_conversions

)

select * from conversions
