{% set new_types = sojourn.conversion_types_with('customers', 'new') -%}
{% set returning_types = sojourn.conversion_types_with('customers', 'returning') -%}
{% set channel_counts = sojourn.channel_counts(
    'conversion_types.conversion_type', 'touches.channel'
) -%}

{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['person_id', 'path_id'],
) }}

-- depends_on: {{ ref('sojourn', 'person_fingerprints') }}

with creditable_kinds as (

    select * from {{ ref('sojourn', 'creditable_kinds') }}
    where model = 'paths'

),

touches as (

    select touchpoints.*
    from {{ ref('sojourn', 'touchpoints') }} as touchpoints
    inner join creditable_kinds on touchpoints.kind = creditable_kinds.kind
    where
        touchpoints.person_id is not null
        and not coalesce(touchpoints.is_machine, false)

),

conversions as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'conversions') }}
    where person_id is not null

),

conversion_types as (

    select distinct conversion_type
    from conversions

),

{% if new_types + returning_types %}
first_conversions as (

    {{ sojourn.first_conversions(new_types + returning_types) }}

),
{% endif %}

{% if is_incremental() %}
changed_persons as (

    {{ sojourn.changed_persons() }}

),
{% endif %}

-- What a person did, once for each conversion type: of new customers, until they were one, and of
-- returning ones since. A touch at the very time of a conversion comes before it.
steps as (

    select
        touches.person_id,
        conversion_types.conversion_type,
        touches.touchpoint_id as step_id,
        coalesce(touches.channel, 'Unassigned') as channel,
        0 as is_conversion,
        touches.touched_at as happened_at

    from touches
    {% if is_incremental() %}
    inner join changed_persons on touches.person_id = changed_persons.person_id
    {% endif %}
    cross join conversion_types
    {% if new_types + returning_types %}
    left join first_conversions
        on
            touches.person_id = first_conversions.person_id
            and conversion_types.conversion_type = first_conversions.conversion_type
    {% endif %}
    where
        {{ sojourn.counts_for_customers(
            'conversion_types.conversion_type', 'touches.touched_at',
            'first_conversions.first_converted_at'
        ) }}
        and {{ channel_counts or '1 = 1' }}

    union all

    select
        conversions.person_id,
        conversions.conversion_type,
        conversions.conversion_id as step_id,
        cast(null as {{ sojourn.type_string() }}) as channel,
        1 as is_conversion,
        conversions.converted_at as happened_at

    from conversions
    {% if is_incremental() %}
    inner join changed_persons on conversions.person_id = changed_persons.person_id
    {% endif %}

),

followed as (

    select
        *,
        row_number() over (
            partition by person_id, conversion_type
            order by happened_at, is_conversion, {{ sojourn.in_byte_order('step_id') }}
        ) as step_number,
        lag(happened_at) over (
            partition by person_id, conversion_type
            order by happened_at, is_conversion, {{ sojourn.in_byte_order('step_id') }}
        ) as previous_happened_at,
        lag(is_conversion) over (
            partition by person_id, conversion_type
            order by happened_at, is_conversion, {{ sojourn.in_byte_order('step_id') }}
        ) as previous_is_conversion

    from steps

),

-- A journey begins with the first step, after each conversion, and after a time without a touch
-- or conversion that is as long as the attribution window.
begun as (

    select
        *,
        case
            when
                previous_happened_at is null
                or previous_is_conversion = 1
                or previous_happened_at
                <= {{ sojourn.days_before(
                    'happened_at', sojourn.window_days('conversion_type')
                ) }}
                then step_number
        end as begins_at

    from followed

),

numbered as (

    select
        *,
        max(begins_at) over (
            partition by person_id, conversion_type
            order by step_number
            rows between unbounded preceding and current row
        ) as first_step_number

    from begun

),

journeys as (

    select
        person_id,
        conversion_type,
        first_step_number,
        max(case when is_conversion = 1 then step_id end) as conversion_id,
        max(case when begins_at is not null and is_conversion = 0 then step_id end)
            as first_touchpoint_id,
        {{ sojourn.joined_text(
            'channel', ' > ', 'step_number', 'step_number - first_step_number'
        ) }} as path,
        count(channel) as touch_count,
        min(case when is_conversion = 0 then happened_at end) as first_touched_at,
        max(case when is_conversion = 0 then happened_at end) as last_touched_at,
        max(case when is_conversion = 1 then happened_at end) as converted_at

    from numbered
    group by person_id, conversion_type, first_step_number

),

-- A journey is named after its conversion, or else its first touch: stable when persons merge.
named as (

    select
        {{ sojourn.hash_id([
            'journeys.conversion_type',
            "coalesce('conversion ' || journeys.conversion_id, 'touch ' || first_touchpoint_id)",
        ]) }} as path_id,
        journeys.conversion_id,
        journeys.person_id,
        journeys.conversion_type,
        journeys.path,
        journeys.touch_count,
        conversions.revenue,
        journeys.first_touched_at,
        journeys.last_touched_at,
        journeys.converted_at,
        {{ sojourn.this_run() }} as changed_in

    from journeys
    left join conversions on journeys.conversion_id = conversions.conversion_id

)

{{ sojourn.replacement('named', 'changed_persons', 'person_id') }}
