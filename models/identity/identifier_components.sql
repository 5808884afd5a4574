{{ config(
    materialized='identity_components',
    nodes='identifier_nodes',
    edges='edge_observations',
) }}

-- depends_on: {{ ref('sojourn', 'identifier_nodes') }}
-- depends_on: {{ ref('sojourn', 'edge_observations') }}
select 1 as nothing
