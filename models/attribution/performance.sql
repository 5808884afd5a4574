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

    select * from {{ ref('sojourn', 'campaign_mapping') }}

),

conversion_types as (

    select 'order' as conversion_type
    union
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

-- Which campaign of an ad platform a touch belongs to: by the seed, else by the platform's own id.
credits_of_campaigns as (

    select
        credits.model,
        credits.conversion_type,
        coalesce(campaign_mapping.platform, campaigns_by_id.platform) as platform,
        coalesce(campaign_mapping.campaign_id, credits.campaign_id) as campaign_id,
        credits.campaign,
        credits.channel,
        credits.credit,
        credits.attributed_revenue,
        credits.touched_at,
        credits.converted_at

    from credits
    left join campaign_mapping
        on
            lower(credits.utm_source) = lower(campaign_mapping.utm_source)
            and lower(credits.campaign) = lower(campaign_mapping.campaign)
    left join campaigns_by_id
        on credits.campaign_id = campaigns_by_id.campaign_id

),

-- A campaign's days are in its ad account's zone, everything else's in the reporting zone.
credits_in_zones as (

    select
        credits_of_campaigns.model,
        credits_of_campaigns.conversion_type,
        credits_of_campaigns.platform,
        credits_of_campaigns.campaign_id,
        coalesce(ad_campaigns.campaign, credits_of_campaigns.campaign) as campaign,
        coalesce(ad_campaigns.channel, credits_of_campaigns.channel) as channel,
        coalesce(ad_campaigns.timezone, '{{ var('reporting_timezone') }}') as timezone,
        credits_of_campaigns.credit,
        credits_of_campaigns.attributed_revenue,
        credits_of_campaigns.touched_at,
        credits_of_campaigns.converted_at

    from credits_of_campaigns
    left join ad_campaigns
        on
            credits_of_campaigns.platform = ad_campaigns.platform
            and credits_of_campaigns.campaign_id = ad_campaigns.campaign_id

),

credits_on_dates as (

    select
        credits_in_zones.*,
        date_bases.date_basis,
        cast({{ sojourn.from_utc(
            "case when date_bases.date_basis = 'touch' then credits_in_zones.touched_at"
            ~ " else credits_in_zones.converted_at end",
            'credits_in_zones.timezone',
        ) }} as date) as date_day

    from credits_in_zones
    cross join date_bases

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
        model,
        conversion_type,
        platform,
        campaign_id,
        campaign,
        channel,
        timezone,
        sum(credit) as credit,
        sum(attributed_revenue) as attributed_revenue,
        cast(null as {{ sojourn.type_money() }}) as spend,
        date_basis,
        date_day

    from credits_on_dates
    group by
        model, conversion_type, platform, campaign_id, campaign, channel, timezone, date_basis,
        date_day

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
