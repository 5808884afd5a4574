-- Nobody may be contacted where the last word was a withdrawal, nor by default on one address
-- after withdrawing on another.

select
    allowed.identifier_type,
    allowed.identifier_value,
    allowed.channel,
    allowed.purpose

from {{ ref('sojourn', 'consents') }} as allowed
inner join {{ ref('sojourn', 'consents') }} as denied
    on
        allowed.channel = denied.channel
        and allowed.purpose = denied.purpose
        and allowed.person_id = denied.person_id
where
    denied.status = 'denied'
    and allowed.is_allowed
    and allowed.status <> 'granted'
