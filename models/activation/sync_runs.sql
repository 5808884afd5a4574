{{ config(materialized='view') }}

with sync_events as (

    select * from {{ ref('sojourn', 'sync_events') }}

),

sync_log as (

    select * from {{ ref('sojourn', 'sync_log') }}

),

starts as (

    select * from sync_events
    where event = 'started'

),

ends as (

    select * from sync_events
    where event in ('finished', 'closed')

),

counts as (

    select
        run_id,
        count(case when status = 'planned' then 1 end) as planned,
        count(case when status = 'acknowledged' then 1 end) as acknowledged,
        count(case when status = 'rejected' then 1 end) as rejected,
        count(case when status = 'failed' then 1 end) as failed,
        count(case when status = 'unknown' then 1 end) as unknown,
        count(case when status = 'held' then 1 end) as held

    from sync_log
    group by run_id

)

select
    starts.run_id,
    starts.sync,
    coalesce(ends.status, 'running') as status,
    ends.reason,
    coalesce(counts.planned, 0) as planned,
    coalesce(counts.acknowledged, 0) as acknowledged,
    coalesce(counts.rejected, 0) as rejected,
    coalesce(counts.failed, 0) as failed,
    coalesce(counts.unknown, 0) as unknown,
    coalesce(counts.held, 0) as held,
    starts.unchanged,
    starts.still_rejected,
    starts.suppressed,
    starts.happened_at as started_at,
    ends.happened_at as finished_at,
    starts.recorded_at

from starts
left join ends on starts.run_id = ends.run_id
left join counts on starts.run_id = counts.run_id
