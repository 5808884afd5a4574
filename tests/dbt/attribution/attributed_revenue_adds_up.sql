-- What a model gives to the touches of a conversion is its revenue, to the cent.

with attributed as (

    select
        conversion_id,
        model,
        sum(attributed_revenue) as attributed_revenue

    from {{ ref('sojourn', 'credits') }}
    group by conversion_id, model

)

select
    conversions.conversion_id,
    attributed.model,
    conversions.revenue,
    attributed.attributed_revenue

from {{ ref('sojourn', 'conversions') }} as conversions
inner join attributed on conversions.conversion_id = attributed.conversion_id
where conversions.revenue is distinct from attributed.attributed_revenue
