{{ config(materialized='table') }}

-- Nothing, and at no cost, until there is a model to compare them by.

with match_people as (

    select * from {{ ref('sojourn', 'match_people') }}

)

select
    record_key,
    source,
    identifier_type,
    identifier_value,
    {% for column in sojourn.match_columns() -%}
    {{ column }},
    {% endfor -%}
    {% if 'email' in sojourn.match_columns() -%}
    email_user,
    {% endif -%}
    stated_at,
    loaded_at

from match_people
{% if not sojourn.match_model() -%}
where 1 = 0
{%- endif %}
