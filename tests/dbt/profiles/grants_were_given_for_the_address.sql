-- Whatever persons were merged, a granted address has a grant of its own in the log.

select
    consents.identifier_type,
    consents.identifier_value,
    consents.channel,
    consents.purpose

from {{ ref('sojourn', 'consents') }} as consents
left join {{ ref('sojourn', 'consent_log') }} as consent_log
    on
        consents.identifier_type = consent_log.identifier_type
        and consents.identifier_value = consent_log.identifier_value
        and consents.channel = consent_log.channel
        and consents.purpose = consent_log.purpose
        and consent_log.status = 'granted'
where
    consents.status = 'granted'
    and consent_log.identifier_value is null
