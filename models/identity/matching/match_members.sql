{{ config(materialized='view') }}

-- The blocks that a record is in, by each rule of the var `matching`: records that agree there.

{% for columns in var('matching')['blocking'] -%}
select
    {{ sojourn.hash_id(["'" ~ columns | join(' ') ~ "'"] + columns) }} as block_id,
    '{{ columns | join(' ') }}' as rule,
    record_key

from {{ ref('sojourn', 'match_records') }}
where {{ columns | join(' is not null and ') }} is not null
{{ 'union all' if not loop.last }}
{% endfor %}
