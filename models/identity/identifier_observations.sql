{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['group_id', 'identifier_type'],
) }}

with event_identifiers as (

    select * from {{ ref('sojourn', 'event_identifiers') }}
    {% if is_incremental() %}
    where changed_in > {{ sojourn.last_run() }}
    {% endif %}

),

record_identifiers as (

    select * from {{ ref('sojourn', 'record_identifiers') }}
    {% if is_incremental() %}
    where changed_in > {{ sojourn.last_run() }}
    {% endif %}

),

-- Two records that are likely one person's are joined by a value of the type `match`, one group a
-- record: as if both had stated it.
match_pairs as (

    select
        match_pairs.*,
        match_pairs.is_removed
        or match_pairs.score < {{ sojourn.double_literal(var('matching')['link_at']) }} as is_apart

    from {{ ref('sojourn', 'match_pairs') }} as match_pairs
    {% if is_incremental() %}
    where
        match_pairs.changed_in > {{ sojourn.last_run() }}
        and (
            not match_pairs.is_removed
            or match_pairs.pair_id in (
                select identifier_value from {{ this }}
                where identifier_type = 'match'
            )
        )
    {% endif %}

),

-- Identifiers on one event, or in one record, belong together: they are one group.
grouped as (

    {%- for type, column in [
        ('device_id_type', 'anonymous_id'), ("'user_id'", 'user_id'), ("'email'", 'email'), ("'phone'", 'phone')
    ] %}
    select
        group_id,
        source,
        'same_event' as rule,
        {{ type }} as identifier_type,
        {{ column }} as identifier_value,
        first_record_id,
        last_record_id,
        observation_count,
        is_removed,
        first_seen_at,
        last_seen_at,
        first_loaded_at
    from event_identifiers
    where {{ column }} is not null

    union all
    {% endfor %}
    select
        group_id,
        source,
        rule,
        identifier_type,
        identifier_value,
        record_id as first_record_id,
        record_id as last_record_id,
        count(case when not is_removed then 1 end) as observation_count,
        bool_and(is_removed) as is_removed,
        min(case when not is_removed then observed_at end) as first_seen_at,
        max(case when not is_removed then observed_at end) as last_seen_at,
        min(loaded_at) as first_loaded_at
    from record_identifiers
    group by group_id, source, record_id, rule, identifier_type, identifier_value
    {%- for side in ['left', 'right'] %}

    union all

    select
        {{ sojourn.hash_id(["'matching'", 'pair_id', side ~ '_key']) }} as group_id,
        'matching' as source,
        'matching' as rule,
        {{ side }}_type as identifier_type,
        {{ side }}_value as identifier_value,
        pair_id as first_record_id,
        pair_id as last_record_id,
        0 as observation_count,
        is_apart as is_removed,
        cast(null as {{ sojourn.type_timestamp() }}) as first_seen_at,
        cast(null as {{ sojourn.type_timestamp() }}) as last_seen_at,
        cast(null as {{ sojourn.type_timestamp() }}) as first_loaded_at
    from match_pairs

    union all

    select
        {{ sojourn.hash_id(["'matching'", 'pair_id', side ~ '_key']) }} as group_id,
        'matching' as source,
        'matching' as rule,
        'match' as identifier_type,
        pair_id as identifier_value,
        pair_id as first_record_id,
        pair_id as last_record_id,
        1 as observation_count,
        is_apart as is_removed,
        stated_at as first_seen_at,
        stated_at as last_seen_at,
        loaded_at as first_loaded_at
    from match_pairs
    {%- endfor %}

),

stamped as (

    select
        *,
        {{ sojourn.this_run() }} as changed_in

    from grouped

)

{{ sojourn.rewritten('stamped') }}
