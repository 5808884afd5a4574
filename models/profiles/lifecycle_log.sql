{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with profiles as (

    select * from {{ ref('sojourn', 'profiles') }}

),

-- The log begins when somebody is known: of visitors there are many, and little to say.
present as (

    select
        person_id,
        'lifecycle_stage' as attribute,
        lifecycle_stage as value

    from profiles
    where lifecycle_stage not in ('visitor', 'unaware')

    union all

    select
        person_id,
        'rfm_score' as attribute,
        rfm_score as value

    from profiles
    where rfm_score is not null

),

logged as (

    {% if is_incremental() -%}
    select
        person_id,
        attribute,
        to_value,
        change_number,
        max(change_number) over (partition by person_id, attribute) as last_change_number

    from {{ this }}
    {%- else -%}
    select
        cast(null as {{ sojourn.type_string() }}) as person_id,
        cast(null as {{ sojourn.type_string() }}) as attribute,
        cast(null as {{ sojourn.type_string() }}) as to_value,
        cast(null as {{ sojourn.type_bigint() }}) as change_number,
        cast(null as {{ sojourn.type_bigint() }}) as last_change_number

    where 1 = 0
    {%- endif %}

),

last_logged as (

    select * from logged
    where change_number = last_change_number

),

-- Who is no longer there, or no longer has the attribute, has no value from now on.
changes as (

    select
        coalesce(present.person_id, last_logged.person_id) as person_id,
        coalesce(present.attribute, last_logged.attribute) as attribute,
        last_logged.to_value as from_value,
        present.value as to_value,
        coalesce(last_logged.change_number, 0) + 1 as change_number

    from present
    full outer join last_logged
        on
            present.person_id = last_logged.person_id
            and present.attribute = last_logged.attribute
    where present.value is distinct from last_logged.to_value

)

select
    person_id,
    attribute,
    from_value,
    to_value,
    cast(change_number as {{ sojourn.type_bigint() }}) as change_number,
    {{ sojourn.run_at() }} as changed_at,
    {{ sojourn.run_at() }} as recorded_at

from changes
