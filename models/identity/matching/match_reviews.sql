{{ config(materialized='view') }}

-- Pairs that are likely one person, but not likely enough to be joined without a person's decision.

with match_pairs as (

    select * from {{ ref('sojourn', 'match_pairs') }}
    where
        not is_removed
        and score < {{ sojourn.double_literal(var('matching')['link_at']) }}

),

identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers') }}

),

steward_rules as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'steward_rules') }}
    where revoked_at is null or revoked_at > {{ sojourn.run_at() }}

)

select
    match_pairs.pair_id,
    match_pairs.left_type,
    match_pairs.left_value,
    match_pairs.left_source,
    lefts.person_id as left_person_id,
    match_pairs.right_type,
    match_pairs.right_value,
    match_pairs.right_source,
    rights.person_id as right_person_id,
    match_pairs.score,
    match_pairs.match_weight,
    match_pairs.stated_at

from match_pairs
inner join identifiers as lefts
    on
        match_pairs.left_type = lefts.identifier_type
        and match_pairs.left_value = lefts.identifier_value
inner join identifiers as rights
    on
        match_pairs.right_type = rights.identifier_type
        and match_pairs.right_value = rights.identifier_value
where
    lefts.person_id <> rights.person_id
    and not exists (
        select 1 from steward_rules
        where
            (
                steward_rules.left_type = match_pairs.left_type
                and steward_rules.left_value = match_pairs.left_value
                and steward_rules.right_type = match_pairs.right_type
                and steward_rules.right_value = match_pairs.right_value
            )
            or (
                steward_rules.left_type = match_pairs.right_type
                and steward_rules.left_value = match_pairs.right_value
                and steward_rules.right_type = match_pairs.left_type
                and steward_rules.right_value = match_pairs.left_value
            )
    )
