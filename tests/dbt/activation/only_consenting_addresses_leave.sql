-- Consent before contact: every address that leaves has a grant of its own, read afresh.
select audience_members.row_key
from {{ ref('sojourn', 'webhook__audience_members') }} as audience_members
left join {{ ref('sojourn', 'consents') }} as consents
    on
        audience_members.email = consents.identifier_value
        and consents.identifier_type = 'email'
        and consents.channel = 'email'
        and consents.purpose = 'marketing'
        and consents.status = 'granted'
where consents.identifier_value is null
