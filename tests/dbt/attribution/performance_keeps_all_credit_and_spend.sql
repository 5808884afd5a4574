-- Nothing is dropped for want of a partner: on each date basis performance has all credit of a
-- model and conversion type, all its revenue, and all spend.

with performed as (

    select
        model,
        conversion_type,
        date_basis,
        sum(conversions) as conversions,
        sum(attributed_revenue) as attributed_revenue,
        coalesce(sum(spend), 0) as spend

    from {{ ref('sojourn', 'performance') }}
    group by model, conversion_type, date_basis

),

credited as (

    select
        model,
        conversion_type,
        sum(credit) as conversions,
        coalesce(sum(attributed_revenue), 0) as attributed_revenue

    from {{ ref('sojourn', 'credits') }}
    group by model, conversion_type

),

spent as (

    select coalesce(sum(spend), 0) as spend
    from {{ ref('sojourn', 'ad_spend') }}

),

date_bases as (

    select 'touch' as date_basis
    union all
    select 'conversion' as date_basis

),

both_bases as (

    select
        credited.*,
        spent.spend,
        date_bases.date_basis

    from credited
    cross join spent
    cross join date_bases

)

select both_bases.*
from both_bases
left join performed
    on
        both_bases.model = performed.model
        and both_bases.conversion_type = performed.conversion_type
        and both_bases.date_basis = performed.date_basis
where
    performed.model is null
    or abs(both_bases.conversions - performed.conversions) > 0.000001
    or both_bases.attributed_revenue <> performed.attributed_revenue
    or both_bases.spend <> performed.spend
