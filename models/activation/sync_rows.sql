{{ config(materialized='view') }}

with sync_log as (

    select * from {{ ref('sojourn', 'sync_log') }}

),

outcomes as (

    select
        *,
        row_number() over (
            partition by sync, row_key
            order by run_number desc
        ) as recency,
        max(case when status = 'acknowledged' then run_number end) over (
            partition by sync, row_key
        ) as acknowledged_run_number

    from sync_log
    where status in ('acknowledged', 'rejected', 'failed', 'unknown', 'held')

),

outcomes_placed as (

    select
        *,
        recency = 1 as is_last,
        run_number = coalesce(acknowledged_run_number, 0) as is_last_acknowledgement,
        run_number > coalesce(acknowledged_run_number, 0) as is_outstanding

    from outcomes

),

folded as (

    select
        sync,
        row_key,
        max(case when is_last then status end) as last_status,
        max(case when is_last then operation end) as last_operation,
        max(case when is_last then row_hash end) as last_hash,
        max(case when is_last then reason end) as last_reason,
        max(case when is_last then request_id end) as last_request_id,
        max(case when is_last_acknowledgement then row_hash end) as acknowledged_hash,
        max(case when is_last_acknowledgement then external_id end) as external_id,
        max(case when is_last then operation_version end) as last_version,
        count(
            case when is_outstanding and status in ('rejected', 'failed', 'unknown') then 1 end
        ) as attempts,
        -- What was tried since and not answered may have changed the destination or not.
        max(
            case when is_outstanding and status in ('failed', 'unknown') then 1 else 0 end
        ) = 1 as is_uncertain,
        max(case when is_last_acknowledgement then answered_at end) as acknowledged_at,
        max(case when is_last then next_attempt_at end) as next_attempt_at

    from outcomes_placed
    group by sync, row_key

)

select * from folded
