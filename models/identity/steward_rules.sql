-- depends_on: {{ ref('identifier_types') }}

{{ sojourn.check_types_are_known('steward_decisions', ['left_type', 'right_type'], 'rule_id') }}

with decisions as (

    select * from {{ ref('steward_decisions') }}

),

known as (

    select
        rule_id,
        action,
        left_type,
        left_value,
        right_type,
        right_value,
        author,
        reason,
        recorded_at,
        revoked_at

    from decisions
    where recorded_at <= {{ sojourn.run_at() }}

)

select * from known
