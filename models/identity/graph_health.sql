{{ config(materialized='view') }}

with identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers') }}

),

edges as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'edges') }}

),

components as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifier_components') }}

),

id_changes as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'id_changes') }}

),

neighbours as (

    select
        left_type as identifier_type,
        left_value as identifier_value,
        right_type as other_type,
        right_value as other_value

    from edges

    union

    select
        right_type,
        right_value,
        left_type,
        left_value

    from edges

),

-- How many identifiers a person has, how many hang together whether they join or not, and how many
-- an identifier was seen with.
sizes as (

    select
        'person' as thing,
        count(*) as size

    from identifiers
    where person_id is not null
    group by person_id

    union all

    select
        'cluster' as thing,
        count(*) as size

    from components
    group by cluster_id

    union all

    select
        'degree' as thing,
        count(*) as size

    from neighbours
    group by identifier_type, identifier_value

),

placed as (

    select
        thing,
        size,
        case
            when size <= 3 then size
            when size <= 5 then 4
            when size <= 10 then 6
            when size <= 20 then 11
            when size <= 50 then 21
            when size <= 100 then 51
            when size <= 1000 then 101
            else 1001
        end as position

    from sizes

),

spread as (

    select
        case thing
            when 'person' then 'persons_by_size'
            when 'cluster' then 'clusters_by_size'
            else 'identifiers_by_degree'
        end as measure,
        case position
            when 4 then '4 to 5'
            when 6 then '6 to 10'
            when 11 then '11 to 20'
            when 21 then '21 to 50'
            when 51 then '51 to 100'
            when 101 then '101 to 1000'
            when 1001 then 'over 1000'
            else cast(position as {{ sojourn.type_string() }})
        end as label,
        position,
        count(*) as value

    from placed
    group by thing, position

),

largest as (

    select
        case thing
            when 'person' then 'largest_person'
            when 'cluster' then 'largest_cluster'
            else 'highest_degree'
        end as measure,
        'all' as label,
        0 as position,
        max(size) as value

    from sizes
    group by thing

),

standing as (

    select
        status || '_identifiers' as measure,
        identifier_type || coalesce(': ' || status_reason, '') as label,
        min(tier) as position,
        count(*) as value

    from identifiers
    group by status, identifier_type, status_reason

    union all

    select
        status || '_edges' as measure,
        rule || coalesce(': ' || status_reason, '') as label,
        0 as position,
        count(*) as value

    from edges
    group by status, rule, status_reason

),

growth as (

    select
        'new_identifiers' as measure,
        identifier_type as label,
        min(tier) as position,
        count(*) as value,
        cast(date_trunc('day', loaded_at) as {{ sojourn.type_timestamp() }}) as day

    from identifiers
    group by
        identifier_type,
        cast(date_trunc('day', loaded_at) as {{ sojourn.type_timestamp() }})

    union all

    select
        'persons_' || change_type as measure,
        reason as label,
        0 as position,
        count(*) as value,
        cast(date_trunc('day', changed_at) as {{ sojourn.type_timestamp() }}) as day

    from id_changes
    group by
        change_type,
        reason,
        cast(date_trunc('day', changed_at) as {{ sojourn.type_timestamp() }})

),

undated as (

    select * from spread

    union all

    select * from largest

    union all

    select * from standing

),

measures as (

    select
        measure,
        label,
        position,
        value,
        cast(null as {{ sojourn.type_timestamp() }}) as day

    from undated

    union all

    select
        measure,
        label,
        position,
        value,
        day

    from growth

)

select
    measure,
    label,
    cast(position as {{ sojourn.type_bigint() }}) as position,
    cast(value as {{ sojourn.type_bigint() }}) as value,
    day

from measures
