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

owners as (

    select
        coalesce(record_owners.source, identify_calls.source) as source,
        coalesce(record_owners.record_id, identify_calls.record_id) as record_id,
        coalesce(record_owners.person_id, identify_calls.person_id) as person_id

    from record_owners
    full outer join identify_calls
        on
            record_owners.source = identify_calls.source
            and record_owners.record_id = identify_calls.record_id

),

versions as (

    select
        *,
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

attributes as (

    {% for attribute in sojourn.profile_attributes() -%}
    select '{{ attribute }}' as attribute
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- One row a value. An attribute that a version leaves out is not a statement about it.
stated_values as (

    select
        ranked_versions.source,
        ranked_versions.record_id,
        attributes.attribute,
        case attributes.attribute
            {% for attribute in sojourn.profile_attributes() -%}
            when '{{ attribute }}' then nullif(trim(ranked_versions.{{ attribute }}), '')
            {% endfor -%}
        end as value,
        ranked_versions.stated_at,
        ranked_versions.version_rank

    from ranked_versions
    cross join attributes
    where not ranked_versions.is_record_deleted

),

ranked_values as (

    select
        *,
        row_number() over (
            partition by source, record_id, attribute
            order by version_rank
        ) as value_rank

    from stated_values
    where value is not null

),

latest_values as (

    select
        owners.person_id,
        ranked_values.source,
        ranked_values.record_id,
        ranked_values.attribute,
        ranked_values.value,
        ranked_values.stated_at as observed_at

    from ranked_values
    inner join owners
        on
            ranked_values.source = owners.source
            and ranked_values.record_id = owners.record_id
    where
        ranked_values.value_rank = 1
        and owners.person_id is not null

)

select * from latest_values
