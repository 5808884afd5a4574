-- Once a run has ended, each planned row has exactly one of the five outcomes.
select
    run_id,
    sync,
    planned

from {{ ref('sojourn', 'sync_runs') }}
where
    status <> 'running'
    and planned <> acknowledged + rejected + failed + unknown + held
