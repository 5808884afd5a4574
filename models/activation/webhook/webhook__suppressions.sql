with contacts as (

    select * from {{ ref('sojourn', 'webhook__contacts') }}

)

select
    row_key,
    person_id,
    audience,
    suppression_reason as reason

from contacts
where suppression_reason is not null
