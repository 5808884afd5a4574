-- The measures of the graph count every person, identifier and edge once.
with graph_health as (

    select * from {{ ref('sojourn', 'graph_health') }}

),

counted as (

    select
        'persons' as thing,
        count(distinct person_id) as expected,
        (select sum(value) from graph_health where measure = 'persons_by_size') as found

    from {{ ref('sojourn', 'identifiers') }}

    union all

    select
        'identifiers' as thing,
        count(*) as expected,
        (
            select sum(value) from graph_health
            where measure in ('active_identifiers', 'demoted_identifiers', 'blocked_identifiers')
        ) as found

    from {{ ref('sojourn', 'identifiers') }}

    union all

    select
        'new identifiers' as thing,
        count(*) as expected,
        (select sum(value) from graph_health where measure = 'new_identifiers') as found

    from {{ ref('sojourn', 'identifiers') }}

    union all

    select
        'edges' as thing,
        count(*) as expected,
        (
            select sum(value) from graph_health
            where measure in ('active_edges', 'demoted_edges', 'blocked_edges')
        ) as found

    from {{ ref('sojourn', 'edges') }}

)

select *
from counted
where expected <> coalesce(found, 0)
