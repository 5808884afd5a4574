with account_members as (

    {{ sojourn.union_inputs('account_members') }}

),

record_owners as (

    select * from {{ ref('sojourn', 'record_owners') }}

),

accounts as (

    select * from {{ ref('sojourn', 'accounts') }}

),

periods as (

    select
        account_members.account_id,
        record_owners.person_id,
        account_members.role,
        account_members.valid_from,
        coalesce(
            account_members.valid_to, cast('9999-12-31' as {{ sojourn.type_timestamp() }})
        ) as valid_to

    from account_members
    inner join accounts on account_members.account_id = accounts.account_id
    inner join record_owners
        on
            account_members.source = record_owners.source
            and account_members.record_id = record_owners.record_id
    where record_owners.person_id is not null

),

-- A person who is known by several records is one member: periods that touch are one.
followed as (

    select
        *,
        max(valid_to) over (
            partition by account_id, person_id, role
            order by valid_from, valid_to
            rows between unbounded preceding and 1 preceding
        ) as earlier_valid_to

    from periods

),

numbered as (

    select
        *,
        sum(case when valid_from <= earlier_valid_to then 0 else 1 end) over (
            partition by account_id, person_id, role
            order by valid_from, valid_to
            rows between unbounded preceding and current row
        ) as membership_number

    from followed

),

memberships as (

    select
        account_id,
        person_id,
        role,
        min(valid_from) as valid_from,
        nullif(max(valid_to), cast('9999-12-31' as {{ sojourn.type_timestamp() }})) as valid_to

    from numbered
    group by account_id, person_id, role, membership_number

)

select * from memberships
