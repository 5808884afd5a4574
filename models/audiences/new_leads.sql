-- Told us who they are in the last thirty days and have not bought yet.

select
    person_id,
    'Known since ' || cast(cast(identified_at as date) as {{ sojourn.type_string() }}) as reason

from {{ ref('sojourn', 'profiles') }}
where
    lifecycle_stage = 'lead'
    and identified_at > {{ sojourn.days_before(sojourn.run_at(), 30) }}
