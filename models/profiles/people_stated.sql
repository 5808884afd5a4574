{{ config(materialized='view') }}

-- Every version of people's records: those that are kept, and what is read in place.

select
    content_hash,
    record_id,
    source,
    {% for attribute in sojourn.profile_attributes() -%}
    {{ attribute }},
    {% endfor -%}
    load_id,
    is_deleted,
    observed_at,
    loaded_at

from {{ ref('sojourn', 'people_collected') }}

{% for source in sojourn.input_models('people') -%}
union all

select
    {{ sojourn.hash_id(['is_deleted', 'observed_at'] + sojourn.profile_attributes()) }}
        as content_hash,
    record_id,
    source,
    {% for attribute in sojourn.profile_attributes() -%}
    {{ attribute }},
    {% endfor -%}
    load_id,
    is_deleted,
    observed_at,
    loaded_at

from {{ ref('people_from_' ~ source) }}
where load_id is null
{% endfor %}
