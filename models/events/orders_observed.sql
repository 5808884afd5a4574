with order_inputs as (

    {{ sojourn.union_inputs('orders') }}

),

-- The last version of an order in each source counts: refunds and cancellations restate it.
versions as (

    select
        *,
        row_number() over (
            partition by source, order_id
            order by
                observed_at desc nulls last,
                loaded_at desc nulls last,
                refunded_amount desc nulls last,
                net_amount desc nulls last,
                record_id desc
        ) as version_rank,
        min(loaded_at) over (partition by source, order_id) as first_loaded_at

    from order_inputs

),

latest as (

    select *
    from versions
    where version_rank = 1

),

-- One order seen by several sources is one: the shop's word counts before the till's, the CRM's
-- and an event's.
ranked as (

    select
        *,
        row_number() over (
            partition by order_id
            order by
                case source_kind when 'shop' then 1 when 'pos' then 2 when 'crm' then 3 else 4 end,
                source
        ) as source_rank

    from latest

),

record_owners as (

    select * from {{ ref('sojourn', 'record_owners') }}

),

events as (

    select
        source,
        order_id,
        min(person_id) as person_id

    from {{ ref('sojourn', 'events') }}
    where
        order_id is not null
        and person_id is not null
    group by source, order_id

),

versions_with_owners as (

    select
        ranked.order_id,
        ranked.source_rank,
        coalesce(record_owners.person_id, events.person_id) as person_id

    from ranked
    left join record_owners
        on
            ranked.source = record_owners.source
            and ranked.record_id = record_owners.record_id
    left join events
        on
            ranked.source = events.source
            and ranked.order_id = events.order_id

),

order_owners as (

    select
        *,
        row_number() over (
            partition by order_id
            order by case when person_id is null then 1 else 0 end, source_rank
        ) as owner_rank

    from versions_with_owners

),

exchange_rates_to_reporting as (

    select * from {{ ref('sojourn', 'exchange_rates_to_reporting') }}

),

orders as (

    select
        ranked.order_id,
        ranked.record_id,
        order_owners.person_id,
        ranked.source,
        ranked.source_kind,
        ranked.currency,
        ranked.status,
        exchange_rates_to_reporting.rate,
        ranked.net_amount,
        coalesce(ranked.refunded_amount, 0) as refunded_amount,
        ranked.ordered_at,
        ranked.refunded_at,
        ranked.first_loaded_at as loaded_at

    from ranked
    left join order_owners
        on
            ranked.order_id = order_owners.order_id
            and order_owners.owner_rank = 1
    left join exchange_rates_to_reporting
        on {{ sojourn.rate_on('ranked.currency', 'ranked.ordered_at') }}
    where ranked.source_rank = 1

)

select * from orders
