with account_members as (

    {{ sojourn.union_inputs('account_members') }}

),

record_owners as (

    select * from {{ ref('sojourn', 'record_owners') }}

),

accounts as (

    select * from {{ ref('sojourn', 'accounts') }}

),

owned as (

    select
        account_members.account_id,
        record_owners.person_id,
        account_members.role,
        account_members.valid_from,
        account_members.valid_to

    from account_members
    inner join accounts on account_members.account_id = accounts.account_id
    inner join record_owners
        on
            account_members.source = record_owners.source
            and account_members.record_id = record_owners.record_id
    where record_owners.person_id is not null

),

-- A person known by several records is one member; membership is open while one of them says so.
memberships as (

    select
        account_id,
        person_id,
        role,
        min(valid_from) as valid_from,
        case when count(valid_to) = count(*) then max(valid_to) end as valid_to

    from owned
    group by account_id, person_id, role

)

select * from memberships
