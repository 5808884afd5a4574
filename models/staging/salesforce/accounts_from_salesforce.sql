with accounts as (

    select * from {{ ref('sojourn', 'stg_salesforce__accounts') }}
    where quarantine_reason is null

),

mapped as (

    select
        account_id,
        account_name as name,
        website,
        industry,
        country,
        'salesforce' as source,
        load_id,
        is_deleted,
        modified_at as observed_at,
        loaded_at

    from accounts

)

select * from mapped
