with exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

reporting as (

    select * from exchange_rates
    where currency = '{{ var("reporting_currency") }}'

),

-- A rate holds where both currencies' spans meet.
crossed as (

    select
        exchange_rates.currency,
        cast(exchange_rates.rate as decimal(18, 6))
        / cast(reporting.rate as decimal(18, 6)) as rate,
        greatest(exchange_rates.valid_from, reporting.valid_from) as valid_from,
        least(exchange_rates.valid_to, reporting.valid_to) as valid_to

    from exchange_rates
    inner join reporting
        on
            exchange_rates.valid_from < reporting.valid_to
            and exchange_rates.valid_to > reporting.valid_from
    where exchange_rates.currency <> reporting.currency

),

rates as (

    select
        currency,
        cast(rate as decimal(18, 6)) as rate,
        cast(valid_from as {{ sojourn.type_timestamp() }}) as valid_from,
        cast(valid_to as {{ sojourn.type_timestamp() }}) as valid_to

    from crossed

    union all

    select
        '{{ var("reporting_currency") }}' as currency,
        cast(1 as decimal(18, 6)) as rate,
        cast('0001-01-01' as {{ sojourn.type_timestamp() }}) as valid_from,
        cast('9999-12-31' as {{ sojourn.type_timestamp() }}) as valid_to

)

select * from rates
