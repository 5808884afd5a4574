-- Each model gives each conversion away exactly once: its credits sum to 1. An empty table fails
-- where there are conversions.

with credited as (

    select
        conversions.conversion_id,
        credits.model,
        coalesce(sum(credits.credit), 0) as credit

    from {{ ref('sojourn', 'conversions') }} as conversions
    left join {{ ref('sojourn', 'credits') }} as credits
        on conversions.conversion_id = credits.conversion_id
    group by conversions.conversion_id, credits.model

)

select * from credited
where abs(credit - 1) > 0.000000001
