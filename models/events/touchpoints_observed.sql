{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('delete+insert'),
    partition_by=sojourn.partition(),
    unique_key='touchpoint_id',
) }}

-- depends_on: {{ ref('sojourn', 'owner_log') }}

{%- set columns = [
    'touchpoint_key', 'source', 'kind', 'identifier_type', 'identifier_value', 'stated_channel',
    'utm_source', 'utm_medium', 'campaign', 'campaign_id', 'click_id', 'load_id', 'is_machine',
    'touched_at', 'loaded_at',
] %}
{%- set inputs = columns | join(', ') | replace('stated_channel', 'channel as stated_channel') %}
{%- set content = columns | reject('equalto', 'loaded_at') | list + ['person_id'] %}

with incoming as (

    {{ sojourn.union_new_inputs('touchpoints', inputs) }}

),

identifiers as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'identifiers') }}
    where person_id is not null

),

keyed as (

    select
        {{ sojourn.hash_id(['source', 'touchpoint_key']) }} as touchpoint_id,
        incoming.*

    from incoming

),

versions as (

    select * from keyed

    {% if is_incremental() %}
    union all

    -- What is read in place is as its source has it now; of loads every version counts.
    select
        observed.touchpoint_id,
        {%- for column in columns %}
        observed.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ this }} as observed
    inner join (select distinct touchpoint_id from keyed where load_id is not null) as sent_again
        on observed.touchpoint_id = sent_again.touchpoint_id
    where observed.load_id is not null
    {% endif %}

),

-- A touch that was sent several times is one; it is known since its first load.
ranked as (

    select
        *,
        row_number() over (
            partition by touchpoint_id
            order by
                touched_at,
                kind,
                campaign nulls last,
                campaign_id nulls last,
                identifier_value nulls last,
                identifier_type nulls last,
                click_id nulls last,
                stated_channel nulls last,
                utm_source nulls last,
                utm_medium nulls last,
                coalesce(is_machine, false)
        ) as version_rank,
        max(load_id) over (partition by touchpoint_id) as last_load_id,
        min(loaded_at) over (partition by touchpoint_id) as first_loaded_at

    from versions

),

sources as (

    select
        ranked.*,
        coalesce(lower(ranked.utm_source), '(not set)') as traffic_source,
        coalesce(lower(ranked.utm_medium), '(not set)') as traffic_medium,
        coalesce(lower(ranked.campaign), '(not set)') as traffic_campaign

    from ranked
    where ranked.version_rank = 1

),

{{ sojourn.classify_channels('sources') }},

first_matches as (

    select
        sources.touchpoint_id,
        min(channel_matches.priority) as priority

    from sources
    inner join channel_matches
        on
            sources.traffic_source = channel_matches.traffic_source
            and sources.traffic_medium = channel_matches.traffic_medium
            and sources.traffic_campaign = channel_matches.traffic_campaign
            and sources.touched_at >= channel_matches.valid_from
            and sources.touched_at < channel_matches.valid_to
    where sources.stated_channel is null
    group by sources.touchpoint_id

),

classified as (

    select
        sources.touchpoint_id,
        sources.touchpoint_key,
        sources.source,
        sources.kind,
        sources.identifier_type,
        sources.identifier_value,
        sources.stated_channel,
        sources.utm_source,
        sources.utm_medium,
        sources.campaign,
        sources.campaign_id,
        sources.click_id,
        sources.last_load_id as load_id,
        coalesce(sources.is_machine, false) as is_machine,
        sources.touched_at,
        sources.first_loaded_at as loaded_at,
        coalesce(sources.stated_channel, channel_rules.channel) as channel

    from sources
    left join first_matches on sources.touchpoint_id = first_matches.touchpoint_id
    left join channel_rules on first_matches.priority = channel_rules.priority

),

{% if is_incremental() %}
moved_identifiers as (

    select distinct
        identifier_type,
        identifier_value

    from {{ ref('sojourn', 'owner_log') }}
    where changed_in > {{ sojourn.last_run() }}

),

-- Also those of identifiers that are gone: they are nobody's.
moved_keys as (

    select observed.touchpoint_id
    from {{ this }} as observed
    inner join moved_identifiers
        on
            observed.identifier_type = moved_identifiers.identifier_type
            and observed.identifier_value = moved_identifiers.identifier_value
    where observed.touchpoint_id not in (select keyed.touchpoint_id from keyed)

),

moved as (

    select
        observed.touchpoint_id,
        {%- for column in columns %}
        observed.{{ column }},
        {%- endfor %}
        observed.channel

    from {{ this }} as observed
    inner join moved_keys on observed.touchpoint_id = moved_keys.touchpoint_id

),
{% endif %}

judged as (

    select * from classified

    {% if is_incremental() %}
    union all

    select * from moved
    {% endif %}

),

with_persons as (

    select
        judged.*,
        identifiers.person_id

    from judged
    left join identifiers
        on
            judged.identifier_type = identifiers.identifier_type
            and judged.identifier_value = identifiers.identifier_value

),

touchpoints as (

    select
        with_persons.touchpoint_id,
        with_persons.touchpoint_key,
        with_persons.person_id,
        with_persons.identifier_type,
        with_persons.identifier_value,
        with_persons.stated_channel,
        with_persons.channel,
        with_persons.utm_source,
        with_persons.utm_medium,
        with_persons.campaign,
        with_persons.campaign_id,
        with_persons.click_id,
        with_persons.source,
        with_persons.kind,
        with_persons.load_id,
        with_persons.is_machine,
        with_persons.touched_at,
        {% if is_incremental() -%}
        coalesce(observed.loaded_at, with_persons.loaded_at) as loaded_at,
        {%- else -%}
        with_persons.loaded_at,
        {%- endif %}
        {{ sojourn.this_run() }} as changed_in

    from with_persons
    {% if is_incremental() %}
    left join {{ this }} as observed on with_persons.touchpoint_id = observed.touchpoint_id
    where
        observed.touchpoint_id is null
        or {{ sojourn.fingerprint(content | map('replace', '', 'with_persons.', 1) | list) }}
        <> {{ sojourn.fingerprint(content | map('replace', '', 'observed.', 1) | list) }}
    {% endif %}

)

{{ sojourn.rewritten('touchpoints') }}
