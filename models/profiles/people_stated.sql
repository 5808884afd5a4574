{{ config(materialized='view') }}

-- Every version of people's records: those that are kept, and what is read in place.

{% set columns = (
    ['record_id', 'source'] + sojourn.profile_attributes()
    + ['load_id', 'is_deleted', 'observed_at', 'loaded_at']
) | join(',\n    ') -%}

select
    content_hash,
    {{ columns }}

from {{ ref('sojourn', 'people_collected') }}

{% for source in sojourn.input_models('people') -%}
union all

select
    {{ sojourn.hash_id(['is_deleted', 'observed_at'] + sojourn.profile_attributes()) }}
        as content_hash,
    {{ columns }}

from {{ ref('people_from_' ~ source) }}
where load_id is null
{% endfor %}
