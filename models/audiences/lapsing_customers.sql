-- Bought, and then not for so long that they may be lost soon.

select
    person_id,
    'Last order on ' || cast(cast(last_ordered_at as date) as {{ sojourn.type_string() }}) as reason

from {{ ref('sojourn', 'profiles') }}
where lifecycle_stage = 'lapsing'
