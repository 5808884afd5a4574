with credits as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'credits') }}

),

ad_spend as (

    select * from {{ ref('sojourn', 'ad_spend') }}

),

ad_campaigns as (

    select * from {{ ref('sojourn', 'ad_campaigns') }}

),

campaign_mapping as (

    select * from {{ ref('campaign_mapping') }}

),

-- Spend is shown before anything is sold.
conversion_types as (

    {% for type in sojourn.conversion_types() -%}
    select {{ sojourn.text_literal(type) }} as conversion_type
    union
    {% endfor -%}
    select distinct conversion_type
    from credits

),

models as (

    {% for model in var('attribution_models') -%}
    select '{{ model }}' as model
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

date_bases as (

    select 'touch' as date_basis
    union all
    select 'conversion' as date_basis

),

campaigns_by_id as (

    select
        campaign_id,
        min(platform) as platform

    from ad_campaigns
    group by campaign_id
    having count(*) = 1

),

-- What touches say of their campaign: few, and numbered, since many credits are added up by it.
said_campaigns as (

    select distinct
        coalesce(utm_source, '') as said_source,
        coalesce(campaign, '') as said_campaign,
        coalesce(campaign_id, '') as said_campaign_id,
        coalesce(channel, '') as said_channel

    from credits

),

numbered_campaigns as (

    select
        *,
        nullif(said_source, '') as utm_source,
        nullif(said_campaign, '') as campaign,
        nullif(said_campaign_id, '') as campaign_id,
        nullif(said_channel, '') as channel,
        row_number() over (
            order by said_source, said_campaign, said_campaign_id, said_channel
        ) as campaign_number

    from said_campaigns

),

-- Which campaign of an ad platform that is: by the seed, else by the platform's own id.
platform_campaigns as (

    select
        numbered_campaigns.said_source,
        numbered_campaigns.said_campaign,
        numbered_campaigns.said_campaign_id,
        numbered_campaigns.said_channel,
        numbered_campaigns.campaign_number,
        coalesce(campaign_mapping.platform, campaigns_by_id.platform) as platform,
        coalesce(campaign_mapping.campaign_id, numbered_campaigns.campaign_id) as campaign_id,
        numbered_campaigns.campaign,
        numbered_campaigns.channel

    from numbered_campaigns
    left join campaign_mapping
        on
            lower(numbered_campaigns.utm_source) = lower(campaign_mapping.utm_source)
            and lower(numbered_campaigns.campaign) = lower(campaign_mapping.campaign)
    left join campaigns_by_id
        on numbered_campaigns.campaign_id = campaigns_by_id.campaign_id

),

-- A campaign's days are in its ad account's zone, everything else's in the reporting zone.
credited_campaigns as (

    select
        platform_campaigns.said_source,
        platform_campaigns.said_campaign,
        platform_campaigns.said_campaign_id,
        platform_campaigns.said_channel,
        platform_campaigns.campaign_number,
        platform_campaigns.platform,
        platform_campaigns.campaign_id,
        coalesce(ad_campaigns.campaign, platform_campaigns.campaign) as campaign,
        coalesce(ad_campaigns.channel, platform_campaigns.channel) as channel,
        coalesce(ad_campaigns.timezone, '{{ var('reporting_timezone') }}') as timezone

    from platform_campaigns
    left join ad_campaigns
        on
            platform_campaigns.platform = ad_campaigns.platform
            and platform_campaigns.campaign_id = ad_campaigns.campaign_id

),

credits_on_dates as (

    select
        credits.model,
        credits.conversion_type,
        credited_campaigns.campaign_number,
        credits.credit,
        credits.attributed_revenue,
        date_bases.date_basis,
        cast({{ sojourn.from_utc(
            "case when date_bases.date_basis = 'touch' then credits.touched_at"
            ~ " else credits.converted_at end",
            'credited_campaigns.timezone',
        ) }} as date) as date_day

    from credits
    left join credited_campaigns
        on
            coalesce(credits.utm_source, '') = credited_campaigns.said_source
            and coalesce(credits.campaign, '') = credited_campaigns.said_campaign
            and coalesce(credits.campaign_id, '') = credited_campaigns.said_campaign_id
            and coalesce(credits.channel, '') = credited_campaigns.said_channel
    cross join date_bases

),

daily_credits as (

    select
        model,
        conversion_type,
        campaign_number,
        sum(credit) as credit,
        sum(attributed_revenue) as attributed_revenue,
        date_basis,
        date_day

    from credits_on_dates
    group by model, conversion_type, campaign_number, date_basis, date_day

),

-- Spend repeats for each model, conversion type and date basis: never sum it over them.
spend_on_dates as (

    select
        models.model,
        conversion_types.conversion_type,
        ad_campaigns.platform,
        ad_campaigns.campaign_id,
        ad_campaigns.campaign,
        ad_campaigns.channel,
        ad_campaigns.timezone,
        ad_spend.spend,
        date_bases.date_basis,
        ad_spend.date_day

    from ad_spend
    inner join ad_campaigns
        on
            ad_spend.platform = ad_campaigns.platform
            and ad_spend.campaign_id = ad_campaigns.campaign_id
    cross join models
    cross join conversion_types
    cross join date_bases

),

-- A full outer join in which NULLs meet too: nothing is dropped for want of a partner.
credits_and_spend as (

    select
        daily_credits.model,
        daily_credits.conversion_type,
        credited_campaigns.platform,
        credited_campaigns.campaign_id,
        credited_campaigns.campaign,
        credited_campaigns.channel,
        credited_campaigns.timezone,
        daily_credits.credit,
        daily_credits.attributed_revenue,
        cast(null as {{ sojourn.type_money() }}) as spend,
        daily_credits.date_basis,
        daily_credits.date_day

    from daily_credits
    left join credited_campaigns
        on daily_credits.campaign_number = credited_campaigns.campaign_number

    union all

    select
        model,
        conversion_type,
        platform,
        campaign_id,
        campaign,
        channel,
        timezone,
        cast(null as {{ sojourn.type_double() }}) as credit,
        cast(null as {{ sojourn.type_money() }}) as attributed_revenue,
        spend,
        date_basis,
        date_day

    from spend_on_dates

),

-- Where the ad platform names no channel, the campaign has that of its touches.
in_one_channel as (

    select
        *,
        case
            when platform is null then channel
            else min(channel) over (partition by platform, campaign_id)
        end as campaign_channel

    from credits_and_spend

),

summed as (

    select
        model,
        conversion_type,
        platform,
        campaign_channel as channel,
        campaign,
        campaign_id,
        timezone,
        date_basis,
        date_day,
        coalesce(sum(credit), 0) as conversions,
        coalesce(sum(attributed_revenue), 0) as attributed_revenue,
        sum(spend) as spend

    from in_one_channel
    group by
        model, conversion_type, platform, campaign_channel, campaign, campaign_id, timezone,
        date_basis, date_day

),

rated as (

    select
        campaign_id,
        date_basis,
        platform,
        channel,
        campaign,
        conversion_type,
        model,
        timezone,
        cast(conversions as {{ sojourn.type_double() }}) as conversions,
        cast(attributed_revenue as {{ sojourn.type_money() }}) as attributed_revenue,
        cast(spend as {{ sojourn.type_money() }}) as spend,
        cast(attributed_revenue as {{ sojourn.type_double() }})
        / nullif(cast(spend as {{ sojourn.type_double() }}), 0) as roas,
        cast(spend as {{ sojourn.type_double() }})
        / nullif(cast(conversions as {{ sojourn.type_double() }}), 0) as cost_per_acquisition,
        -- A day is mature once no later conversion can change what its touches earn.
        cast(date_day as {{ sojourn.type_timestamp() }}) <= {{ sojourn.days_before(
            sojourn.from_utc(sojourn.run_at(), 'timezone'),
            "(case when date_basis = 'touch' then 1 + " ~ sojourn.window_days('conversion_type')
            ~ " else 1 end)",
        ) }} as is_mature,
        date_day

    from summed

)

select * from rated
