-- Every conversion ends exactly one path.

select
    conversions.conversion_id,
    count(paths.path_id) as path_count

from {{ ref('sojourn', 'conversions') }} as conversions
left join {{ ref('sojourn', 'paths') }} as paths
    on conversions.conversion_id = paths.conversion_id
group by conversions.conversion_id
having count(paths.path_id) <> 1
