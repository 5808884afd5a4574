with identifiers_observed as (

    select * from {{ ref('sojourn', 'identifiers_observed') }}

),

components as (

    select * from {{ ref('sojourn', 'identifier_components') }}

),

ledger as (

    select * from {{ ref('sojourn', 'identifier_ledger') }}

),

-- The person's anchor is the identifier that was loaded first.
anchored as (

    select
        components.identifier_id,
        components.is_demoted,
        components.status_reason,
        first_value(ledger.anchored_person_id) over (
            partition by components.component_id
            order by
                ledger.first_loaded_at,
                identifiers_observed.tier,
                identifiers_observed.identifier_type,
                identifiers_observed.identifier_value
        ) as person_id

    from components
    inner join identifiers_observed
        on components.identifier_id = identifiers_observed.identifier_id
    inner join ledger
        on
            identifiers_observed.identifier_type = ledger.identifier_type
            and identifiers_observed.identifier_value = ledger.identifier_value

),

identifiers as (

    select
        identifiers_observed.identifier_type,
        identifiers_observed.identifier_value,
        anchored.person_id,
        case
            when identifiers_observed.blocked_reason is not null then 'blocked'
            when anchored.is_demoted then 'demoted'
            else 'active'
        end as status,
        coalesce(identifiers_observed.blocked_reason, anchored.status_reason) as status_reason,
        cast(identifiers_observed.tier as {{ sojourn.type_bigint() }}) as tier,
        identifiers_observed.observation_count,
        identifiers_observed.is_device,
        identifiers_observed.first_seen_at,
        identifiers_observed.last_seen_at,
        identifiers_observed.first_loaded_at as loaded_at

    from identifiers_observed
    left join anchored on identifiers_observed.identifier_id = anchored.identifier_id

)

select * from identifiers
