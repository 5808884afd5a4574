with accounts as (

    {{ sojourn.union_inputs('accounts') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by account_id
            order by
                coalesce(observed_at, loaded_at) desc nulls last,
                loaded_at desc nulls last,
                {{ sojourn.hash_id(['source', 'name', 'website', 'industry', 'country']) }} asc
        ) as version_rank

    from accounts
    where account_id is not null

)

select
    account_id,
    name,
    website,
    industry,
    country,
    source,
    observed_at

from ranked
where
    version_rank = 1
    and not coalesce(is_deleted, false)
