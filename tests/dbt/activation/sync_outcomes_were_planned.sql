-- Nothing is sent that was not planned before, and no planned row has two outcomes.
with sync_log as (

    select * from {{ ref('sojourn', 'sync_log') }}

),

rows_of_runs as (

    select
        run_id,
        row_key,
        count(case when status = 'planned' then 1 end) as plans,
        count(case when status not in ('planned', 'suppressed') then 1 end) as outcomes

    from sync_log
    group by run_id, row_key

)

select * from rows_of_runs
where
    outcomes > 1
    or outcomes > plans
