-- No more identifiers hang together than the alarm allows: they are judged as one, which is slow.
-- Values that many people touch belong in the seed blocked_identifiers.
{{ config(severity='warn') }}

select
    cluster_id,
    count(*) as identifier_count

from {{ ref('sojourn', 'identifier_components') }}
group by cluster_id
having count(*) > {{ var('identity_alarms').cluster_identifiers }}
