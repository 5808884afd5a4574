with log as (

    select * from {{ ref('sojourn', 'stg_ad_server__log') }}
    where
        ad_event_type in ('click', 'impression')
        and quarantine_reason is null

),

mapped as (

    select
        ad_event_id as touchpoint_key,
        'ad_server' as source,
        case ad_event_type when 'click' then 'click' else 'view' end as kind,
        case when first_party_id is not null then 'anonymous_id' end as identifier_type,
        first_party_id as identifier_value,
        case
            when
                {{ sojourn.regexp_like(
                    'platform', "'meta|facebook|instagram|tiktok|linkedin|pinterest|snap|twitter'"
                ) }}
                then 'Paid Social'
            when
                {{ sojourn.regexp_like('platform', "'google_ads|adwords|bing|microsoft'") }}
                then 'Paid Search'
            else 'Display'
        end as channel,
        platform as utm_source,
        cast(null as {{ sojourn.type_string() }}) as utm_medium,
        campaign_name as campaign,
        campaign_id,
        click_id,
        false as is_machine,
        load_id,
        occurred_at as touched_at,
        loaded_at

    from log

)

select * from mapped
