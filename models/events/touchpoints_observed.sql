with touchpoint_inputs as (

    {{ sojourn.union_inputs('touchpoints') }}

),

-- A touch that was sent several times is one; it is known since its first load.
ranked as (

    select
        *,
        row_number() over (
            partition by source, touchpoint_key
            order by touched_at, kind, campaign, campaign_id, identifier_value, click_id
        ) as version_rank,
        min(loaded_at) over (partition by source, touchpoint_key) as first_loaded_at

    from touchpoint_inputs

),

identifiers as (

    select * from {{ ref('sojourn', 'identifiers') }}
    where person_id is not null

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
        sources.source,
        sources.touchpoint_key,
        min(channel_matches.priority) as priority

    from sources
    inner join channel_matches
        on
            sources.traffic_source = channel_matches.traffic_source
            and sources.traffic_medium = channel_matches.traffic_medium
            and sources.traffic_campaign = channel_matches.traffic_campaign
            and sources.touched_at >= channel_matches.valid_from
            and sources.touched_at < channel_matches.valid_to
    where sources.channel is null
    group by sources.source, sources.touchpoint_key

),

touchpoints as (

    select
        {{ sojourn.hash_id(['sources.source', 'sources.touchpoint_key']) }} as touchpoint_id,
        identifiers.person_id,
        coalesce(sources.channel, channel_rules.channel) as channel,
        sources.utm_source,
        sources.utm_medium,
        sources.campaign,
        sources.campaign_id,
        sources.click_id,
        sources.source,
        sources.kind,
        coalesce(sources.is_machine, false) as is_machine,
        sources.touched_at,
        sources.first_loaded_at as loaded_at

    from sources
    left join first_matches
        on
            sources.source = first_matches.source
            and sources.touchpoint_key = first_matches.touchpoint_key
    left join channel_rules on first_matches.priority = channel_rules.priority
    left join identifiers
        on
            sources.identifier_type = identifiers.identifier_type
            and sources.identifier_value = identifiers.identifier_value

)

select * from touchpoints
