-- No model leaves a conversion out.

select
    conversions.conversion_id,
    count(distinct credits.model) as model_count

from {{ ref('sojourn', 'conversions') }} as conversions
left join {{ ref('sojourn', 'credits') }} as credits
    on conversions.conversion_id = credits.conversion_id
group by conversions.conversion_id
having count(distinct credits.model) <> {{ var('attribution_models') | length }}
