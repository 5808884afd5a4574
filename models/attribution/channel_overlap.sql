{{ config(materialized='view') }}

with journey_steps as (

    select * from {{ ref('sojourn', 'journey_steps') }}

),

in_journeys as (

    select
        conversion_type,
        path_id,
        channel,
        is_converted

    from journey_steps
    group by conversion_type, path_id, channel, is_converted

),

-- A channel with itself: all its journeys.
pairs as (

    select
        lefts.conversion_type,
        lefts.channel,
        rights.channel as other_channel,
        count(*) as journeys,
        cast(sum(case when lefts.is_converted then 1 else 0 end) as {{ sojourn.type_bigint() }})
            as conversions

    from in_journeys as lefts
    inner join in_journeys as rights
        on
            lefts.conversion_type = rights.conversion_type
            and lefts.path_id = rights.path_id
    group by lefts.conversion_type, lefts.channel, rights.channel

)

select
    *,
    cast(journeys as {{ sojourn.type_double() }})
    / max(case when channel = other_channel then journeys end) over (
        partition by conversion_type, channel
    ) as share_of_journeys

from pairs
