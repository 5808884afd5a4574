{{ config(
    materialized='identity_components',
    nodes='identifiers_observed',
    edges='edge_observations',
    ledger='identifier_ledger',
    partition_by=sojourn.partition(),
    unique_key=["identifier_type || ':' || identifier_value", 'person_id'],
) }}

-- depends_on: {{ ref('sojourn', 'identifiers_observed') }}
-- depends_on: {{ ref('sojourn', 'edge_observations') }}
-- depends_on: {{ ref('sojourn', 'identifier_ledger') }}
select 1 as nothing
