with contacts as (

    select * from {{ ref('sojourn', 'stg_salesforce__contacts') }}
    where
        email is not null
        and quarantine_reason is null

),

versions as (

    select
        *,
        lag(has_opted_out_of_email) over (
            partition by contact_id, email
            order by modified_at, loaded_at, load_id, file_path, file_line
        ) as had_opted_out_of_email

    from contacts

),

-- Each later version of the contact repeats the flag. The withdrawal is the change of it; a cleared
-- flag grants nothing.
withdrawals as (

    select
        {{ sojourn.hash_id(['contact_id', 'email', 'modified_at']) }} as consent_key,
        'email' as identifier_type,
        email as identifier_value,
        'email' as channel,
        'marketing' as purpose,
        'denied' as status,
        'salesforce' as source,
        load_id,
        modified_at as effective_at,
        loaded_at

    from versions
    where
        has_opted_out_of_email
        and not coalesce(had_opted_out_of_email, false)

)

select * from withdrawals
