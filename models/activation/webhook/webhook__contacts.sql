{{ config(materialized='view') }}

with members as (

    select * from {{ ref('sojourn', 'members') }}

),

profiles as (

    select * from {{ ref('sojourn', 'profiles') }}

),

-- Consent belongs to the address: what another address of the same person said does not count.
email_consents as (

    select
        identifier_value,
        status

    from {{ ref('sojourn', 'consents') }}
    where
        identifier_type = 'email'
        and channel = 'email'
        and purpose = 'marketing'

),

contacts as (

    select
        members.audience || ':' || members.person_id as row_key,
        members.audience,
        members.person_id,
        profiles.email,
        profiles.first_name,
        profiles.country,
        profiles.lifecycle_stage,
        case
            when profiles.email is null then 'no e-mail address'
            when email_consents.status = 'denied' then 'consent denied'
            when coalesce(email_consents.status, 'unknown') <> 'granted' then 'consent not given'
        end as suppression_reason

    from members
    left join profiles on members.person_id = profiles.person_id
    left join email_consents on profiles.email = email_consents.identifier_value

)

select * from contacts
