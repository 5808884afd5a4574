with observations as (

    select distinct
        source,
        first_record_id as record_id,
        identifier_type,
        identifier_value

    from {{ ref('sojourn', 'identifier_observations') }}
    where rule <> 'same_event'

),

identifiers as (

    select * from {{ ref('sojourn', 'identifiers') }}
    where person_id is not null

),

ranked as (

    select
        observations.source,
        observations.record_id,
        identifiers.person_id,
        row_number() over (
            partition by observations.source, observations.record_id
            order by
                case when identifiers.status = 'active' then 0 else 1 end,
                identifiers.tier,
                identifiers.identifier_type,
                identifiers.identifier_value
        ) as strength

    from observations
    inner join identifiers
        on
            observations.identifier_type = identifiers.identifier_type
            and observations.identifier_value = identifiers.identifier_value

),

owners as (

    select
        source,
        record_id,
        person_id

    from ranked
    where strength = 1

)

select * from owners
