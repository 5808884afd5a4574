with consent_log as (

    select * from {{ ref('sojourn', 'consent_log') }}

),

identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers') }}

),

profiles as (

    select * from {{ ref('sojourn', 'profiles') }}

),

consent_defaults as (

    select * from {{ ref('consent_defaults') }}

),

-- The latest statement about an address counts; of two at the same time, the withdrawal.
ranked_statements as (

    select
        *,
        row_number() over (
            partition by identifier_type, identifier_value, channel, purpose
            order by
                effective_at desc nulls last,
                case when status = 'denied' then 0 else 1 end asc,
                consent_change_id asc
        ) as statement_rank

    from consent_log

),

latest_statements as (

    select * from ranked_statements
    where statement_rank = 1

),

-- An address that said nothing has a row too, so that a reader never has to guess.
standings_due as (

    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        consent_defaults.channel,
        consent_defaults.purpose

    from identifiers
    inner join consent_defaults
        on
            identifiers.identifier_type = consent_defaults.identifier_type
            and consent_defaults.country = '*'
    where identifiers.status = 'active'

    union

    select
        identifier_type,
        identifier_value,
        channel,
        purpose

    from latest_statements

),

owned as (

    select
        standings_due.identifier_type,
        standings_due.identifier_value,
        identifiers.person_id,
        profiles.country,
        standings_due.channel,
        standings_due.purpose,
        coalesce(latest_statements.status, 'unknown') as status,
        latest_statements.source,
        latest_statements.effective_at as changed_at

    from standings_due
    left join latest_statements
        on
            standings_due.identifier_type = latest_statements.identifier_type
            and standings_due.identifier_value = latest_statements.identifier_value
            and standings_due.channel = latest_statements.channel
            and standings_due.purpose = latest_statements.purpose
    left join identifiers
        on
            standings_due.identifier_type = identifiers.identifier_type
            and standings_due.identifier_value = identifiers.identifier_value
    left join profiles on identifiers.person_id = profiles.person_id

),

withdrawals as (

    select
        *,
        max(case when status = 'denied' then 1 else 0 end) over (
            partition by person_id, channel, purpose
        ) as is_denied_somewhere

    from owned

),

-- A default speaks for silent addresses only. A person who withdrew on one address has no
-- default on the others; a grant never reaches beyond its own address.
defaulted as (

    select
        withdrawals.*,
        case
            when withdrawals.person_id is not null and withdrawals.is_denied_somewhere = 1
                then 'denied'
            else coalesce(
                defaults_of_country.default_status, defaults_of_all.default_status, 'denied'
            )
        end as default_status

    from withdrawals
    left join consent_defaults as defaults_of_country
        on
            withdrawals.identifier_type = defaults_of_country.identifier_type
            and withdrawals.channel = defaults_of_country.channel
            and withdrawals.purpose = defaults_of_country.purpose
            and withdrawals.country = defaults_of_country.country
    left join consent_defaults as defaults_of_all
        on
            withdrawals.identifier_type = defaults_of_all.identifier_type
            and withdrawals.channel = defaults_of_all.channel
            and withdrawals.purpose = defaults_of_all.purpose
            and defaults_of_all.country = '*'

)

select
    identifier_type,
    identifier_value,
    person_id,
    channel,
    purpose,
    status,
    default_status,
    source,
    case when status = 'unknown' then default_status else status end = 'granted' as is_allowed,
    changed_at

from defaulted
