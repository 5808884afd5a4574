-- Each contact either may leave or is suppressed: none is lost between the two, none is in both.
with contacts as (

    select row_key from {{ ref('sojourn', 'webhook__contacts') }}

),

leaving_or_suppressed as (

    select row_key from {{ ref('sojourn', 'webhook__audience_members') }}
    union all
    select row_key from {{ ref('sojourn', 'webhook__suppressions') }}

),

placed as (

    select
        contacts.row_key,
        count(leaving_or_suppressed.row_key) as places

    from contacts
    left join leaving_or_suppressed on contacts.row_key = leaving_or_suppressed.row_key
    group by contacts.row_key

)

select * from placed
where places <> 1
