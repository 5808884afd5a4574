{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=["identifier_type || ':' || identifier_value", 'status'],
) }}

with identifiers_observed as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers_observed') }}

),

components as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifier_components') }}

),

{% if is_incremental() %}
changed as (

    select
        identifier_type,
        identifier_value

    from identifiers_observed
    where changed_in > {{ sojourn.last_run() }}

    union

    select
        identifier_type,
        identifier_value

    from components
    where changed_in > {{ sojourn.last_run() }}

),
{% endif %}

-- An identifier that is observed no more has no status: a mark, so that its row goes.
identifiers as (

    select
        identifiers_observed.identifier_type,
        identifiers_observed.identifier_value,
        components.person_id,
        case
            when identifiers_observed.is_removed then null
            when identifiers_observed.blocked_reason is not null then 'blocked'
            when components.is_demoted then 'demoted'
            else 'active'
        end as status,
        coalesce(identifiers_observed.blocked_reason, components.status_reason) as status_reason,
        cast(identifiers_observed.tier as {{ sojourn.type_bigint() }}) as tier,
        identifiers_observed.observation_count,
        identifiers_observed.is_device,
        identifiers_observed.first_seen_at,
        identifiers_observed.last_seen_at,
        identifiers_observed.first_loaded_at as loaded_at,
        {{ sojourn.this_run() }} as changed_in

    from identifiers_observed
    {% if is_incremental() %}
    inner join changed
        on
            identifiers_observed.identifier_type = changed.identifier_type
            and identifiers_observed.identifier_value = changed.identifier_value
    {% endif %}
    left join components
        on
            identifiers_observed.identifier_type = components.identifier_type
            and identifiers_observed.identifier_value = components.identifier_value
    {% if not is_incremental() %}
    where not identifiers_observed.is_removed
    {% endif %}

)

{{ sojourn.rewritten('identifiers') }}
