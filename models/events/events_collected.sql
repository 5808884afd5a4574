{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('delete+insert'),
    partition_by=sojourn.partition(),
    unique_key='event_key',
) }}

{%- set event_key = sojourn.hash_id(['source', 'event_id']) %}
{%- set event_number = sojourn.fingerprint(['source', 'event_id']) %}
{%- set columns = [
    'event_id', 'source', 'property', 'anonymous_id', 'user_id', 'email', 'phone', 'device_id_type',
    'session_key', 'event_name', 'event_type', 'order_id', 'page_url', 'referrer', 'utm_source',
    'utm_medium', 'utm_campaign', 'utm_content', 'utm_term', 'click_id', 'click_id_type',
    'campaign_id', 'user_agent', 'ip_address', 'properties', 'load_id', 'is_sign_in',
    'is_sign_out', 'occurred_at', 'received_at', 'loaded_at',
] | join(', ') %}

with incoming as {{ sojourn.inline() }} (

    {{ sojourn.union_new_inputs('events', columns) }}

),

keyed as {{ sojourn.worked_out_once() }} (

    select
        {{ event_key }} as event_key,
        {{ event_number }} as event_number,
        case
            when anonymous_id is not null then device_id_type || ':' || anonymous_id
            when user_id is not null then 'user_id:' || user_id
            else 'event:' || source || ':' || event_id
        end as device_key,
        {{ columns }},
        coalesce(
            {{ sojourn.regexp_like('user_agent', sojourn.seed_pattern('bot_user_agents')) }}, false
        ) as is_bot,
        coalesce(
            {{ sojourn.regexp_like(
                'ip_address',
                sojourn.seed_pattern('internal_traffic', where="match_on = 'ip_address'")
            ) }},
            false
        )
        or coalesce(
            {{ sojourn.regexp_like(
                'user_agent',
                sojourn.seed_pattern('internal_traffic', where="match_on = 'user_agent'")
            ) }},
            false
        ) as is_internal

    from incoming

),

-- A number of each key is small to keep; only events that came more than once need comparing. Two
-- events of one number are compared in vain, no more. Keys alone are cheaper to read, but where all
-- was worked out and kept.
incoming_numbers as (

    {% if sojourn.worked_out_once() == 'materialized' -%}
    select event_number from keyed
    {%- else -%}
    select {{ event_number }} as event_number
    from ({{ sojourn.union_new_inputs('events', 'source, event_id') }}) as keys
    {%- endif %}

),

{% if is_incremental() %}
collected_again as (

    select distinct
        keyed.event_key,
        keyed.event_number

    from {{ this }} as collected
    inner join keyed on collected.event_key = keyed.event_key

),
{% endif %}

repeated_numbers as (

    select event_number
    from incoming_numbers
    group by event_number
    having count(*) > 1

    {% if is_incremental() %}
    union

    select event_number from collected_again
    {% endif %}

),

sent_once as (

    select keyed.*
    from keyed
    left join repeated_numbers on keyed.event_number = repeated_numbers.event_number
    where repeated_numbers.event_number is null

),

sent_again as (

    select
        keyed.*,
        false as was_collected

    from keyed
    inner join repeated_numbers on keyed.event_number = repeated_numbers.event_number

    {% if is_incremental() %}
    union all

    select
        collected.event_key,
        collected_again.event_number,
        collected.device_key,
        {%- for column in columns.split(', ') %}
        collected.{{ column }},
        {%- endfor %}
        collected.is_bot,
        collected.is_internal,
        true as was_collected

    from {{ this }} as collected
    inner join collected_again on collected.event_key = collected_again.event_key
    {% endif %}

),

-- Of an event that came several times the first received counts; it is known since its first load.
sent_again_ranked as (

    select
        *,
        row_number() over (
            partition by event_key
            order by
                received_at nulls last,
                occurred_at nulls last,
                device_key,
                user_id nulls last,
                event_name nulls last,
                page_url nulls last,
                properties nulls last
        ) as version_rank,
        min(loaded_at) over (partition by event_key) as first_loaded_at,
        first_value(device_key) over (
            partition by event_key
            order by
                received_at nulls last,
                occurred_at nulls last,
                device_key,
                user_id nulls last,
                event_name nulls last,
                page_url nulls last,
                properties nulls last
        ) as current_device_key,
        row_number() over (
            partition by event_key, device_key
            order by case when was_collected then 0 else 1 end, received_at
        ) as device_rank

    from sent_again

),

deduplicated as (

    select
        event_key,
        device_key,
        {{ columns }},
        is_bot,
        is_internal,
        false as is_superseded
    from sent_once

    union all

    select
        event_key,
        device_key,
        {{ columns | replace(', loaded_at', ', first_loaded_at as loaded_at') }},
        is_bot,
        is_internal,
        false as is_superseded
    from sent_again_ranked
    where version_rank = 1

    union all

    -- A device that had the event until now: a mark, so that what was made for it is made anew.
    select
        event_key,
        device_key,
        {{ columns | replace(', loaded_at', ', first_loaded_at as loaded_at') }},
        is_bot,
        is_internal,
        true as is_superseded
    from sent_again_ranked
    where
        was_collected
        and device_key <> current_device_key
        and device_rank = 1

),

stamped as (

    select
        *,
        {{ sojourn.this_run() }} as changed_in

    from deduplicated

)

{{ sojourn.rewritten('stamped') }}
