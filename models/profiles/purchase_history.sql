with cut_offs as (

    select {{ sojourn.run_at() }} as cut_off

),

histories as (

    {{ sojourn.purchase_history('cut_offs') }}

),

-- How many customers are worse; those who are alike have one score.
compared as (

    select
        *,
        count(*) over () as customers,
        rank() over (order by last_ordered_on) - 1 as less_recent,
        rank() over (order by repeat_purchases) - 1 as less_frequent,
        rank() over (order by revenue) - 1 as less_valuable

    from histories

),

scored as (

    select
        *,
        1 + {{ sojourn.whole_quotient('5 * less_recent', 'customers') }} as recency_score,
        1 + {{ sojourn.whole_quotient('5 * less_frequent', 'customers') }} as frequency_score,
        1 + {{ sojourn.whole_quotient('5 * less_valuable', 'customers') }} as monetary_score

    from compared

)

select
    person_id,
    cast(cast(recency_score as {{ sojourn.type_bigint() }}) as {{ sojourn.type_string() }})
    || cast(cast(frequency_score as {{ sojourn.type_bigint() }}) as {{ sojourn.type_string() }})
    || cast(cast(monetary_score as {{ sojourn.type_bigint() }}) as {{ sojourn.type_string() }})
        as rfm_score,
    cast(recency_score as {{ sojourn.type_bigint() }}) as recency_score,
    cast(frequency_score as {{ sojourn.type_bigint() }}) as frequency_score,
    cast(monetary_score as {{ sojourn.type_bigint() }}) as monetary_score,
    cast(repeat_purchases as {{ sojourn.type_bigint() }}) as repeat_purchases,
    cast(valued_purchases as {{ sojourn.type_bigint() }}) as valued_purchases,
    recency_days,
    tenure_days,
    average_value,
    cast(revenue as {{ sojourn.type_money() }}) as revenue,
    first_ordered_on,
    last_ordered_on

from scored
