{{ config(materialized='view') }}

with people as (

    select * from {{ ref('sojourn', 'people_stated') }}

),

record_owners as (

    select * from {{ ref('sojourn', 'record_owners') }}

),

-- An identify call is a record too, and belongs to the person of the event.
identify_calls as (

    select
        source,
        event_id as record_id,
        person_id

    from {{ ref('sojourn', 'events') }}
    where
        event_type = 'identify'
        and person_id is not null

),

-- An attribute that a version leaves out is not a statement about it.
versions as (

    select
        source,
        record_id,
        content_hash,
        {% for attribute in sojourn.profile_attributes() -%}
        nullif(trim({{ attribute }}), '') as {{ attribute }},
        {% endfor -%}
        is_deleted,
        loaded_at,
        coalesce(observed_at, loaded_at) as stated_at

    from people

),

-- A record that its source has deleted says nothing more.
ranked_versions as (

    select
        *,
        row_number() over (
            partition by source, record_id
            order by
                stated_at desc nulls last,
                loaded_at desc nulls last,
                content_hash asc
        ) as version_rank,
        first_value(coalesce(is_deleted, false)) over (
            partition by source, record_id
            order by
                stated_at desc nulls last,
                loaded_at desc nulls last,
                content_hash asc
        ) as is_record_deleted

    from versions

),

-- The version that stated each attribute last.
last_stated as (

    select
        {% for attribute in sojourn.profile_attributes() -%}
        min(case when {{ attribute }} is not null then version_rank end) over (
            partition by source, record_id
        ) as {{ attribute }}_rank,
        {% endfor -%}
        *

    from ranked_versions
    where not is_record_deleted

),

attributes as (

    {% for attribute in sojourn.profile_attributes() -%}
    select '{{ attribute }}' as attribute
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- One row a value.
latest_values as (

    select
        coalesce(record_owners.person_id, identify_calls.person_id) as person_id,
        last_stated.source,
        last_stated.record_id,
        attributes.attribute,
        case attributes.attribute
            {% for attribute in sojourn.profile_attributes() -%}
            when '{{ attribute }}' then last_stated.{{ attribute }}
            {% endfor -%}
        end as value,
        last_stated.stated_at as observed_at

    from last_stated
    left join record_owners
        on
            last_stated.source = record_owners.source
            and last_stated.record_id = record_owners.record_id
    left join identify_calls
        on
            last_stated.source = identify_calls.source
            and last_stated.record_id = identify_calls.record_id
    cross join attributes
    where
        coalesce(record_owners.person_id, identify_calls.person_id) is not null
        and last_stated.version_rank = case attributes.attribute
            {% for attribute in sojourn.profile_attributes() -%}
            when '{{ attribute }}' then last_stated.{{ attribute }}_rank
            {% endfor -%}
        end

)

select * from latest_values
