with contacts as (

    select * from {{ ref('sojourn', 'webhook__contacts') }}

)

select
    row_key,
    person_id,
    audience,
    email,
    first_name,
    country,
    lifecycle_stage

from contacts
where suppression_reason is null
