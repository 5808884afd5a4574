{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

{%- set key = [
    'campaign_id', 'date_basis', 'platform', 'channel', 'campaign', 'conversion_type', 'model',
    'timezone', 'date_day',
] %}

with performance as (

    select
        {{ sojourn.hash_id(key) }} as performance_key,
        {{ key | join(', ') }},
        conversions,
        attributed_revenue,
        spend,
        is_mature

    from {{ ref('sojourn', 'performance') }}

),

{% if is_incremental() %}
reported_before as (

    select *
    from (
        select
            *,
            row_number() over (
                partition by performance_key
                order by changed_in desc
            ) as report_rank
        from {{ this }}
    ) as ranked
    where
        report_rank = 1
        and not is_gone

),
{% endif %}

-- Sums of credit differ in their last digits from run to run: that is no change.
changes as (

    {% if is_incremental() -%}
    select
        coalesce(performance.performance_key, reported_before.performance_key) as performance_key,
        {% for column in key -%}
        case
            when performance.performance_key is null then reported_before.{{ column }}
            else performance.{{ column }}
        end as {{ column }},
        {% endfor -%}
        coalesce(performance.conversions, 0) as conversions,
        coalesce(performance.attributed_revenue, 0) as attributed_revenue,
        performance.spend,
        coalesce(performance.is_mature, reported_before.is_mature) as is_mature,
        performance.performance_key is null as is_gone

    from performance
    full outer join reported_before
        on performance.performance_key = reported_before.performance_key
    where
        performance.performance_key is null
        or reported_before.performance_key is null
        or abs(performance.conversions - reported_before.conversions) > 0.000001
        or performance.attributed_revenue <> reported_before.attributed_revenue
        or performance.spend is distinct from reported_before.spend
        or performance.is_mature <> reported_before.is_mature
    {%- else -%}
    select
        *,
        1 = 0 as is_gone

    from performance
    {%- endif %}

)

select
    performance_key,
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
    is_mature,
    is_gone,
    date_day,
    {{ sojourn.run_at() }} as recorded_at,
    {{ sojourn.this_run() }} as changed_in

from changes
