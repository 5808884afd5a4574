with person_values as (

    select * from {{ ref('sojourn', 'person_values') }}

),

identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers') }}

),

survivorship_rules as (

    select * from {{ ref('survivorship_rules') }}

),

-- Addresses that identity holds to be this person's count too, whatever record they came in.
owned_addresses as (

    select
        person_id,
        'identity' as source,
        identifier_type || ':' || identifier_value as record_id,
        identifier_type as attribute,
        identifier_value as value,
        last_seen_at as observed_at

    from identifiers
    where
        identifier_type in ('email', 'phone')
        and status = 'active'
        and person_id is not null

),

-- A record may name an address that is blocked or another person's: never this profile's then.
own_values as (

    select person_values.*
    from person_values
    left join identifiers
        on
            person_values.attribute = identifiers.identifier_type
            and person_values.value = identifiers.identifier_value
    where
        person_values.attribute not in ('email', 'phone')
        or identifiers.identifier_value is null
        or (
            identifiers.status = 'active'
            and identifiers.person_id = person_values.person_id
        )

),

candidates as (

    select
        person_id,
        source,
        record_id,
        attribute,
        value,
        observed_at

    from own_values

    union all

    select
        person_id,
        source,
        record_id,
        attribute,
        value,
        observed_at

    from owned_addresses

),

-- A source that the rules do not name stands where the star stands.
ruled as (

    select
        candidates.*,
        coalesce(rules_of_source.precedence, rules_of_all.precedence, 100) as precedence,
        coalesce(rules_of_source.rule, rules_of_all.rule, 'most_recent') as rule

    from candidates
    left join survivorship_rules as rules_of_source
        on
            candidates.attribute = rules_of_source.attribute
            and candidates.source = rules_of_source.source
    left join survivorship_rules as rules_of_all
        on
            candidates.attribute = rules_of_all.attribute
            and rules_of_all.source = '*'

),

ranked as (

    select
        *,
        row_number() over (
            partition by person_id, attribute
            order by
                case when rule = 'most_trusted' then precedence else 0 end asc,
                observed_at desc nulls last,
                precedence asc,
                {{ sojourn.in_byte_order('source') }} asc,
                {{ sojourn.in_byte_order('record_id') }} asc
        ) as candidate_rank

    from ruled

)

select
    person_id,
    record_id,
    attribute,
    value,
    source,
    rule,
    cast(precedence as {{ sojourn.type_bigint() }}) as precedence,
    candidate_rank = 1 as is_winner,
    observed_at

from ranked
