{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['group_id', 'left_type'],
) }}

-- depends_on: {{ ref('blocked_identifiers') }}

{% set edge_key = [
    'group_id', 'rule', 'left_type', 'left_value', 'right_type', 'right_value', 'is_detached',
] %}
{% set rules = sojourn.identity_rules() %}
{%- set only_changed = sojourn.identity_rules_stay(rules) %}

with observations as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifier_observations') }}

),

identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers_observed') }}
    where not is_removed

),

identifier_types as (

    select * from {{ ref('identifier_types') }}

),

steward_rules as (

    select * from {{ ref('sojourn', 'steward_rules') }}
    where revoked_at is null or revoked_at > {{ sojourn.run_at() }}

),

detached as (

    select distinct
        left_type,
        left_value
    from steward_rules
    where action = 'detach'

),

{% if is_incremental() %}
kept as {{ sojourn.inline() }} (

    select * from {{ this }}

),
{% endif %}

-- Groups that were observed anew, and those that a steward's decision touches or touched.
{% if only_changed %}
changed_groups as (

    select group_id
    from observations
    where changed_in > {{ sojourn.last_run() }}

    union

    select observations.group_id
    from observations
    inner join detached
        on
            observations.identifier_type = detached.left_type
            and observations.identifier_value = detached.left_value

    union

    select group_id
    from kept
    where is_detached

),
{% endif %}

blocked as (

    select
        identifier_type,
        identifier_value

    from identifiers
    where blocked_reason is not null

),

-- `strength` sorts as text: blocked and detached values after all others, the strongest tier first.
members as {{ '' if only_changed else sojourn.inline() }} (

    select
        observations.*,
        detached.left_value is not null as is_detached,
        identifier_types.person_limit_days is not null as is_timed,
        case
            when blocked.identifier_type is null and detached.left_type is null then '0'
            else '1'
        end
        || lpad(
            cast({{ sojourn.tier_of('identifier_types') }} as {{ sojourn.type_string() }}), 9, '0'
        ) as strength

    from observations
    {% if only_changed %}
    inner join changed_groups on observations.group_id = changed_groups.group_id
    {% endif %}
    left join identifier_types
        on observations.identifier_type = identifier_types.identifier_type
    left join blocked
        on
            observations.identifier_type = blocked.identifier_type
            and observations.identifier_value = blocked.identifier_value
    left join detached
        on
            observations.identifier_type = detached.left_type
            and observations.identifier_value = detached.left_value
    where not observations.is_removed

),

strongest as (

    select
        group_id,
        {{ sojourn.least_row([
            'strength', 'identifier_type', 'identifier_value', 'first_seen_at',
        ]) }} as least_member

    from members
    group by group_id
    having count(*) > 1

),

-- The strongest identifier of a group holds it together: an edge from it to each of the others,
-- there since both were.
pairs as (

    select
        members.group_id,
        {{ sojourn.part_of_row('strongest.least_member', 2) }} as left_type,
        {{ sojourn.part_of_row('strongest.least_member', 3) }} as left_value,
        members.identifier_type as right_type,
        members.identifier_value as right_value,
        members.rule,
        members.source,
        members.first_record_id,
        members.last_record_id,
        members.observation_count,
        members.is_detached,
        members.is_timed,
        greatest(
            members.first_seen_at,
            cast(
                {{ sojourn.part_of_row('strongest.least_member', 4) }}
                as {{ sojourn.type_timestamp() }}
            )
        ) as first_seen_at,
        members.last_seen_at

    from members
    inner join strongest on members.group_id = strongest.group_id
    where
        members.identifier_type <> {{ sojourn.part_of_row('strongest.least_member', 2) }}
        or members.identifier_value <> {{ sojourn.part_of_row('strongest.least_member', 3) }}

),

group_pairs as (

    select
        pairs.group_id,
        pairs.left_type,
        pairs.left_value,
        pairs.right_type,
        pairs.right_value,
        pairs.rule,
        pairs.source,
        pairs.first_record_id,
        pairs.last_record_id,
        pairs.observation_count,
        pairs.is_detached or detached.left_value is not null as is_detached,
        pairs.is_timed or identifier_types.person_limit_days is not null as is_timed,
        pairs.first_seen_at,
        pairs.last_seen_at

    from pairs
    left join identifier_types on pairs.left_type = identifier_types.identifier_type
    left join detached
        on
            pairs.left_type = detached.left_type
            and pairs.left_value = detached.left_value

),

-- What a steward joins, and what one keeps apart: such a pair joins nothing, and limits.
steward_pairs as (

    select
        'steward:' || steward_rules.rule_id as group_id,
        steward_rules.left_type,
        steward_rules.left_value,
        steward_rules.right_type,
        steward_rules.right_value,
        case steward_rules.action when 'link' then 'steward' else 'never_link' end as rule,
        'steward' as source,
        steward_rules.rule_id as first_record_id,
        steward_rules.rule_id as last_record_id,
        1 as observation_count,
        false as is_detached,
        false as is_timed,
        steward_rules.recorded_at as first_seen_at,
        steward_rules.recorded_at as last_seen_at

    from steward_rules
    inner join identifiers as lefts
        on
            steward_rules.left_type = lefts.identifier_type
            and steward_rules.left_value = lefts.identifier_value
    inner join identifiers as rights
        on
            steward_rules.right_type = rights.identifier_type
            and steward_rules.right_value = rights.identifier_value
    where
        steward_rules.action in ('link', 'never_link')
        and (
            steward_rules.left_type <> steward_rules.right_type
            or steward_rules.left_value <> steward_rules.right_value
        )

),

edges as (

    select * from group_pairs

    union all

    select * from steward_pairs

),

{% if is_incremental() %}
-- The run since which an edge has been there, as it is: what it joins is new since then. Where a
-- limit counts within a window, an edge that was seen at another time is new, too.
dated as (

    select
        edges.*,
        false as is_removed,
        coalesce(kept.linked_in, {{ sojourn.this_run() }}) as linked_in

    from edges
    left join kept
        on
            not kept.is_removed
            {%- for column in edge_key %}
            and edges.{{ column }} = kept.{{ column }}
            {%- endfor %}
            and (
                not edges.is_timed
                or (
                    edges.first_seen_at = kept.first_seen_at
                    and edges.last_seen_at = kept.last_seen_at
                )
            )

    union all

    -- An edge that is no more is kept as removed, since what it joined must be judged anew.
    select
        kept.group_id,
        kept.left_type,
        kept.left_value,
        kept.right_type,
        kept.right_value,
        kept.rule,
        kept.source,
        kept.first_record_id,
        kept.last_record_id,
        kept.observation_count,
        kept.is_detached,
        false as is_timed,
        kept.first_seen_at,
        kept.last_seen_at,
        true as is_removed,
        case when kept.is_removed then kept.linked_in else {{ sojourn.this_run() }} end as linked_in

    from kept
    {% if only_changed %}
    left join changed_groups on kept.group_id = changed_groups.group_id
    {% endif %}
    left join edges
        on
            {%- for column in edge_key %}
            {{ 'and ' if not loop.first }}kept.{{ column }} = edges.{{ column }}
            {%- endfor %}
    where
        edges.group_id is null
        {% if only_changed %}
        and (changed_groups.group_id is not null or kept.source = 'steward')
        {% endif %}

),
{% else %}
dated as (

    select
        *,
        false as is_removed,
        {{ sojourn.this_run() }} as linked_in

    from edges

),
{% endif %}

stamped as (

    select
        *,
        rule = 'never_link' as is_apart,
        '{{ rules }}' as rules,
        {{ sojourn.this_run() }} as changed_in

    from dated

)

{{ sojourn.rewritten('stamped') }}
