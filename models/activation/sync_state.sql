{{ config(materialized='view') }}

with sync_rows as (

    select * from {{ ref('sojourn', 'sync_rows') }}

)

select
    sync,
    row_key,
    last_status as status,
    last_reason as reason,
    acknowledged_hash,
    external_id,
    attempts,
    is_uncertain,
    acknowledged_at,
    next_attempt_at

from sync_rows
-- Of a row that was removed, and is known to be, the destination has nothing.
where not (last_status = 'acknowledged' and last_operation = 'remove')
