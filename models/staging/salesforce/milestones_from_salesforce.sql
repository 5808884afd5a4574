with leads as (

    select * from {{ ref('sojourn', 'stg_salesforce__leads') }}
    where quarantine_reason is null

),

opportunities as (

    select * from {{ ref('sojourn', 'stg_salesforce__opportunities') }}
    where quarantine_reason is null

),

opportunity_contact_roles as (

    select * from {{ ref('sojourn', 'stg_salesforce__opportunity_contact_roles') }}
    where quarantine_reason is null

),

leads_ranked as (

    select
        *,
        row_number() over (
            partition by lead_id
            order by modified_at desc, loaded_at desc, load_id desc, file_path desc, file_line desc
        ) as version_rank

    from leads

),

opportunities_ranked as (

    select
        *,
        row_number() over (
            partition by opportunity_id
            order by modified_at desc, loaded_at desc, load_id desc, file_path desc, file_line desc
        ) as version_rank,
        min(case when is_won then modified_at end) over (partition by opportunity_id)
            as first_won_at

    from opportunities

),

-- The person of an opportunity: its primary contact, else the first one, else the contact that the
-- lead became.
contacts_of_opportunities as (

    select
        opportunity_id,
        contact_id,
        case when is_primary then 1 else 2 end as preference,
        created_at

    from opportunity_contact_roles
    where not is_deleted

    union all

    select
        converted_opportunity_id as opportunity_id,
        converted_contact_id as contact_id,
        3 as preference,
        created_at

    from leads_ranked
    where
        version_rank = 1
        and converted_opportunity_id is not null
        and converted_contact_id is not null

),

contacts_ranked as (

    select
        *,
        row_number() over (
            partition by opportunity_id
            order by preference, created_at nulls last, contact_id
        ) as contact_rank

    from contacts_of_opportunities

),

opportunities_with_contacts as (

    select
        opportunities_ranked.*,
        contacts_ranked.contact_id

    from opportunities_ranked
    left join contacts_ranked
        on
            opportunities_ranked.opportunity_id = contacts_ranked.opportunity_id
            and contacts_ranked.contact_rank = 1
    where
        opportunities_ranked.version_rank = 1
        and not opportunities_ranked.is_deleted

),

leads_created as (

    select
        'lead_created:' || lead_id as milestone_key,
        'salesforce' as source,
        'lead_created' as milestone_type,
        lead_id as record_id,
        cast(null as {{ sojourn.type_money() }}) as revenue,
        cast(null as {{ sojourn.type_string() }}) as currency,
        load_id,
        coalesce(created_at, modified_at) as occurred_at,
        loaded_at

    from leads_ranked
    where
        version_rank = 1
        and not is_deleted

),

opportunities_created as (

    select
        'opportunity_created:' || opportunity_id as milestone_key,
        'salesforce' as source,
        'opportunity_created' as milestone_type,
        contact_id as record_id,
        cast(null as {{ sojourn.type_money() }}) as revenue,
        cast(null as {{ sojourn.type_string() }}) as currency,
        load_id,
        coalesce(created_at, modified_at) as occurred_at,
        loaded_at

    from opportunities_with_contacts

),

-- The close date is a day. The time of the change that closed it says more, if it is of that day.
opportunities_won as (

    select
        'opportunity_won:' || opportunity_id as milestone_key,
        'salesforce' as source,
        'opportunity_won' as milestone_type,
        contact_id as record_id,
        cast(amount as {{ sojourn.type_money() }}) as revenue,
        currency,
        load_id,
        case
            when close_date is null or cast(first_won_at as date) = close_date then first_won_at
            else cast(close_date as {{ sojourn.type_timestamp() }})
        end as occurred_at,
        loaded_at

    from opportunities_with_contacts
    where is_won

),

milestones as (

    select * from leads_created

    union all

    select * from opportunities_created

    union all

    select * from opportunities_won

)

select * from milestones
