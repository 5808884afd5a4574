{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['group_id', 'observation_id'],
) }}

{%- set columns = [
    'record_id', 'source', 'rule', 'identifier_type', 'identifier_value', 'load_id', 'observed_at',
    'loaded_at',
] | join(', ') %}

with incoming as (

    {{ sojourn.union_new_inputs('identifiers', columns) }}

),

-- One row an identifier of a record at a time, however often it was loaded.
observed as (

    select
        {{ sojourn.hash_id(['source', 'record_id']) }} as group_id,
        {{ sojourn.hash_id(
            ['source', 'record_id', 'rule', 'identifier_type', 'identifier_value', 'observed_at']
        ) }} as observation_id,
        source,
        record_id,
        rule,
        identifier_type,
        identifier_value,
        max(load_id) as load_id,
        observed_at,
        min(loaded_at) as loaded_at

    from incoming
    where identifier_value is not null
    group by source, record_id, rule, identifier_type, identifier_value, observed_at

),

{% if is_incremental() %}
kept as {{ sojourn.inline() }} (

    select * from {{ this }}

),

-- Records that say something new, and records read in place that no longer say something.
changed_groups as (

    select observed.group_id
    from observed
    left join kept
        on
            observed.observation_id = kept.observation_id
            and not kept.is_removed
    where kept.observation_id is null

    union

    select kept.group_id
    from kept
    left join observed on kept.observation_id = observed.observation_id
    where
        kept.load_id is null
        and not kept.is_removed
        and observed.observation_id is null

),

all_observations as (

    select
        *,
        false as is_removed

    from observed

    union all

    select
        group_id,
        observation_id,
        source,
        record_id,
        rule,
        identifier_type,
        identifier_value,
        load_id,
        observed_at,
        loaded_at,
        is_removed or load_id is null as is_removed

    from kept

),

merged as (

    select
        all_observations.group_id,
        all_observations.observation_id,
        all_observations.source,
        all_observations.record_id,
        all_observations.rule,
        all_observations.identifier_type,
        all_observations.identifier_value,
        max(all_observations.load_id) as load_id,
        all_observations.observed_at,
        min(all_observations.loaded_at) as loaded_at,
        bool_and(all_observations.is_removed) as is_removed

    from all_observations
    inner join changed_groups on all_observations.group_id = changed_groups.group_id
    group by
        all_observations.group_id,
        all_observations.observation_id,
        all_observations.source,
        all_observations.record_id,
        all_observations.rule,
        all_observations.identifier_type,
        all_observations.identifier_value,
        all_observations.observed_at

),
{% else %}
merged as (

    select
        *,
        false as is_removed

    from observed

),
{% endif %}

stamped as (

    select
        *,
        {{ sojourn.this_run() }} as changed_in

    from merged

)

{{ sojourn.rewritten('stamped') }}
