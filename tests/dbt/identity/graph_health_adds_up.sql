-- The measures of the graph count every person, identifier and edge once.
with graph_health as (

    select
        case
            when measure = 'persons_by_size' then 'persons'
            when measure = 'new_identifiers' then 'new identifiers'
            when measure like '%_edges' then 'edges'
            when measure like '%_identifiers' then 'identifiers'
        end as thing,
        value

    from {{ ref('sojourn', 'graph_health') }}

),

found as (

    select
        thing,
        sum(value) as value

    from graph_health
    where thing is not null
    group by thing

),

expected as (

    select
        'persons' as thing,
        count(distinct person_id) as value

    from {{ ref('sojourn', 'identifiers') }}

    union all

    select
        'identifiers' as thing,
        count(*) as value

    from {{ ref('sojourn', 'identifiers') }}

    union all

    select
        'new identifiers' as thing,
        count(*) as value

    from {{ ref('sojourn', 'identifiers') }}

    union all

    select
        'edges' as thing,
        count(*) as value

    from {{ ref('sojourn', 'edges') }}

)

select
    expected.thing,
    expected.value as expected_value,
    found.value as found_value

from expected
left join found on expected.thing = found.thing
where expected.value <> coalesce(found.value, 0)
