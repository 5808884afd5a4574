-- Won opportunities, each as it is known last, with the exchange rate of its day.

with milestone_inputs as (

    {{ sojourn.union_inputs('milestones') }}

),

exchange_rates_to_reporting as (

    select * from {{ ref('sojourn', 'exchange_rates_to_reporting') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by source, milestone_key
            order by loaded_at desc, occurred_at desc, revenue desc nulls last
        ) as version_rank

    from milestone_inputs
    where milestone_type = 'opportunity_won'

),

-- One without an amount is worth nothing that anybody knows of.
latest as (

    select
        milestone_key,
        record_id,
        source,
        coalesce(currency, '{{ var("reporting_currency") }}') as currency,
        cast(coalesce(revenue, 0) as {{ sojourn.type_money() }}) as net_amount,
        occurred_at

    from ranked
    where version_rank = 1

),

opportunities_won as (

    select
        latest.*,
        exchange_rates_to_reporting.rate

    from latest
    left join exchange_rates_to_reporting
        on {{ sojourn.rate_on('latest.currency', 'latest.occurred_at') }}

)

select * from opportunities_won
