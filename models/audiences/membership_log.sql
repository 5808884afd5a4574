{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with members_evaluated as (

    select * from {{ ref('sojourn', 'members_evaluated') }}

),

id_mapping as (

    select * from {{ ref('sojourn', 'id_mapping') }}

),

-- Changes of one person in one audience are numbered: odd ones enter, even ones exit.
logged as (

    {% if is_incremental() -%}
    select
        audience,
        person_id,
        max(change_number) as change_number

    from {{ this }}
    group by audience, person_id
    {%- else -%}
    select
        cast(null as {{ sojourn.type_string() }}) as audience,
        cast(null as {{ sojourn.type_string() }}) as person_id,
        cast(null as {{ sojourn.type_bigint() }}) as change_number

    where 1 = 0
    {%- endif %}

),

members_logged as (

    select * from logged
    where change_number % 2 = 1

),

-- Persons who were merged into another leave under their old id.
merged_members as (

    select
        members_logged.audience,
        members_logged.person_id,
        id_mapping.current_person_id

    from members_logged
    inner join id_mapping on members_logged.person_id = id_mapping.person_id
    where members_logged.person_id <> id_mapping.current_person_id

),

merged_into as (

    select
        audience,
        current_person_id as person_id,
        min(person_id) as former_person_id

    from merged_members
    group by audience, current_person_id

),

entries as (

    select
        members_evaluated.audience,
        members_evaluated.person_id,
        'enter' as change,
        members_evaluated.reason,
        coalesce(logged.change_number, 0) + 1 as change_number,
        merged_into.person_id is not null as is_identity_change

    from members_evaluated
    left join logged
        on
            members_evaluated.audience = logged.audience
            and members_evaluated.person_id = logged.person_id
    left join merged_into
        on
            members_evaluated.audience = merged_into.audience
            and members_evaluated.person_id = merged_into.person_id
    where coalesce(logged.change_number, 0) % 2 = 0

),

exits as (

    select
        members_logged.audience,
        members_logged.person_id,
        'exit' as change,
        case
            when merged_members.person_id is not null
                then 'Merged into person ' || merged_members.current_person_id
            when members_logged.audience not in {{ sojourn.text_list(var('audiences')) }}
                then 'The audience was removed'
            else 'No longer meets the rule'
        end as reason,
        members_logged.change_number + 1 as change_number,
        merged_members.person_id is not null as is_identity_change

    from members_logged
    left join members_evaluated
        on
            members_logged.audience = members_evaluated.audience
            and members_logged.person_id = members_evaluated.person_id
    left join merged_members
        on
            members_logged.audience = merged_members.audience
            and members_logged.person_id = merged_members.person_id
    where members_evaluated.person_id is null

),

changes as (

    select * from entries
    union all
    select * from exits

)

select
    audience,
    person_id,
    change,
    reason,
    cast(change_number as {{ sojourn.type_bigint() }}) as change_number,
    is_identity_change,
    {{ sojourn.run_at() }} as changed_at,
    {{ sojourn.run_at() }} as recorded_at

from changes
