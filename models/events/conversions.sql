with orders as (

    select * from {{ ref('sojourn', 'orders') }}
    where {{ sojourn.is_purchase('status') }}

),

opportunities_won as (

    select * from {{ ref('sojourn', 'opportunities_won') }}
    where rate is not null

),

record_owners as (

    select * from {{ ref('sojourn', 'record_owners') }}

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

opportunity_conversions as (

    select
        'opportunity:' || opportunities_won.milestone_key as conversion_id,
        record_owners.person_id,
        'opportunity_won' as conversion_type,
        cast(null as {{ sojourn.type_string() }}) as order_id,
        opportunities_won.source,
        opportunities_won.currency,
        {{ sojourn.to_reporting_currency(
            'opportunities_won.net_amount', 'opportunities_won.rate'
        ) }}
            as gross_revenue,
        cast(0 as {{ sojourn.type_money() }}) as refunded_revenue,
        {{ sojourn.to_reporting_currency(
            'opportunities_won.net_amount', 'opportunities_won.rate'
        ) }}
            as revenue,
        opportunities_won.occurred_at as converted_at

    from opportunities_won
    left join record_owners
        on
            opportunities_won.source = record_owners.source
            and opportunities_won.record_id = record_owners.record_id

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
