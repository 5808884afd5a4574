with decisions as (

    select * from {{ ref('sojourn', 'steward_decisions') }}
    where recorded_at <= {{ sojourn.run_at() }}

)

select * from decisions
