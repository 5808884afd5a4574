{{ config(materialized='view') }}

-- What a source last said of a person whom it knows by an identifier of its own.

with people as (

    select
        *,
        coalesce(observed_at, loaded_at) as stated_at

    from {{ ref('sojourn', 'people_stated') }}

),

ranked_versions as (

    select
        *,
        row_number() over (
            partition by source, record_id
            order by stated_at desc, loaded_at desc, content_hash asc
        ) as version_rank

    from people

),

record_identifiers as (

    select * from {{ ref('sojourn', 'record_identifiers') }}
    where not is_removed

),

identifier_types as (

    select * from {{ ref('identifier_types') }}

),

ranked_identifiers as (

    select
        record_identifiers.source,
        record_identifiers.record_id,
        record_identifiers.identifier_type,
        record_identifiers.identifier_value,
        row_number() over (
            partition by record_identifiers.source, record_identifiers.record_id
            order by
                coalesce(identifier_types.tier, 2) asc,
                record_identifiers.identifier_type asc,
                record_identifiers.observed_at desc,
                record_identifiers.identifier_value asc
        ) as strength

    from record_identifiers
    left join identifier_types
        on record_identifiers.identifier_type = identifier_types.identifier_type

),

-- An order and a receipt are records of people too: those of one person are one record here.
records as (

    select
        ranked_versions.source,
        ranked_identifiers.identifier_type,
        ranked_identifiers.identifier_value,
        {% for column in sojourn.match_columns() -%}
        {{ sojourn.last_by(
            sojourn.match_value(column, 'ranked_versions.' ~ column), 'ranked_versions.stated_at'
        ) }} as {{ column }},
        {% endfor -%}
        max(ranked_versions.stated_at) as stated_at,
        max(ranked_versions.loaded_at) as loaded_at

    from ranked_versions
    inner join ranked_identifiers
        on
            ranked_versions.source = ranked_identifiers.source
            and ranked_versions.record_id = ranked_identifiers.record_id
            and ranked_identifiers.strength = 1
    where
        ranked_versions.version_rank = 1
        and not ranked_versions.is_deleted
    group by
        ranked_versions.source,
        ranked_identifiers.identifier_type,
        ranked_identifiers.identifier_value

)

-- One value alone says too little of anybody.
select
    {{ sojourn.hash_id(['source', 'identifier_type', 'identifier_value']) }} as record_key,
    source,
    identifier_type,
    identifier_value,
    {% for column in sojourn.match_columns() -%}
    {{ column }},
    {% endfor -%}
    {% if 'email' in sojourn.match_columns() -%}
    split_part(email, '@', 1) as email_user,
    {% endif -%}
    stated_at,
    loaded_at

from records
where
    {% for column in sojourn.match_columns() -%}
    case when {{ column }} is null then 0 else 1 end{{ ' +' if not loop.last }}
    {% endfor -%}
    >= 2
