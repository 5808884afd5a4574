-- The candidates of one attribute are judged by one rule.

select
    attribute,
    count(distinct rule) as rule_count

from {{ ref('survivorship_rules') }}
group by attribute
having count(distinct rule) > 1
