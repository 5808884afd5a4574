with contacts as (

    select * from {{ ref('sojourn', 'stg_salesforce__contacts') }}
    where quarantine_reason is null

),

opportunity_contact_roles as (

    select * from {{ ref('sojourn', 'stg_salesforce__opportunity_contact_roles') }}
    where quarantine_reason is null

),

contact_versions as (

    select
        contact_id,
        load_id,
        case when not is_deleted then account_id end as account_id,
        created_at,
        modified_at,
        loaded_at,
        lag(case when not is_deleted then account_id end) over (
            partition by contact_id
            order by modified_at, loaded_at, load_id, file_path, file_line
        ) as former_account_id,
        row_number() over (
            partition by contact_id
            order by modified_at, loaded_at, load_id, file_path, file_line
        ) as version_number

    from contacts

),

-- Only a change of account ends one membership and begins another.
account_changes as (

    select
        contact_id,
        load_id,
        account_id,
        case when version_number = 1 then coalesce(created_at, modified_at) else modified_at end
            as valid_from,
        loaded_at

    from contact_versions
    where
        version_number = 1
        or account_id is distinct from former_account_id

),

periods as (

    select
        *,
        lead(valid_from) over (partition by contact_id order by valid_from, loaded_at) as valid_to

    from account_changes

),

latest_roles as (

    select
        contact_id,
        role_name,
        row_number() over (
            partition by contact_id
            order by modified_at desc, is_primary desc, role_id desc
        ) as role_rank

    from opportunity_contact_roles
    where
        not is_deleted
        and role_name is not null

),

members as (

    select
        periods.account_id,
        periods.contact_id as record_id,
        'salesforce' as source,
        coalesce(latest_roles.role_name, 'Contact') as role,
        periods.load_id,
        periods.valid_from,
        periods.valid_to,
        periods.loaded_at

    from periods
    left join latest_roles
        on
            periods.contact_id = latest_roles.contact_id
            and latest_roles.role_rank = 1
    where periods.account_id is not null

)

select * from members
