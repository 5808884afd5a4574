with opportunities_won as (

    select * from {{ ref('sojourn', 'opportunities_won') }}
    where rate is null

),

quarantined as (

    select
        milestone_key,
        record_id,
        source,
        currency,
        net_amount,
        'no exchange rate for its currency and day: add one to the seed exchange_rates' as reason,
        occurred_at

    from opportunities_won

)

select * from quarantined
