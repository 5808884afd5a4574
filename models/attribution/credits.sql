{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['conversion_id', 'touchpoint_id'],
    pre_hook='{{ sojourn.list_conversions_to_credit() }}',
) }}

-- depends_on: {{ ref('sojourn', 'conversion_fingerprints') }}
-- depends_on: {{ ref('sojourn', 'conversions_to_credit') }}

with conversions as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'conversions') }}

),

conversion_touches as (

    select * from {{ ref('sojourn', 'conversion_touches') }}

),

fits_in_use as (

    {{ sojourn.fits_in_use() }}

),

{% if is_incremental() %}
changed_conversions as (

    select * from {{ ref('sojourn', 'conversions_to_credit') }}

),
{% endif %}

models as (

    {% for model in var('attribution_models') -%}
    select '{{ model }}' as model
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Every file `credits_by_<model>` of the list gives conversion_id, touchpoint_id and credit.
credits_by_model as (

    {% for model in var('attribution_models') -%}
    select
        conversion_id,
        touchpoint_id,
        '{{ model }}' as model,
        cast(credit as {{ sojourn.type_double() }}) as credit

    from {{ ref('credits_by_' ~ model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

conversions_of_models as (

    select
        conversions.*,
        models.model

    from conversions
    cross join models
    {% if is_incremental() %}
    inner join changed_conversions
        on conversions.conversion_id = changed_conversions.conversion_id
    {% endif %}

),

-- A conversion without an eligible touch is credited to `unattributed`, on its own day.
credited as (

    select
        conversions_of_models.conversion_id,
        coalesce(conversion_touches.touchpoint_id, 'unattributed') as touchpoint_id,
        conversions_of_models.person_id,
        conversions_of_models.conversion_type,
        case
            when conversion_touches.touchpoint_id is null then 'Unattributed'
            else conversion_touches.channel
        end as channel,
        conversion_touches.utm_source,
        conversion_touches.campaign,
        conversion_touches.campaign_id,
        conversions_of_models.model,
        fits_in_use.fit_version,
        case when conversion_touches.touchpoint_id is null then 1 else credits_by_model.credit end
            as credit,
        conversions_of_models.revenue,
        conversion_touches.kind,
        coalesce(conversion_touches.touched_at, conversions_of_models.converted_at) as touched_at,
        conversions_of_models.converted_at

    from conversions_of_models
    left join credits_by_model
        on
            conversions_of_models.conversion_id = credits_by_model.conversion_id
            and conversions_of_models.model = credits_by_model.model
    left join conversion_touches
        on
            credits_by_model.conversion_id = conversion_touches.conversion_id
            and credits_by_model.touchpoint_id = conversion_touches.touchpoint_id
    left join fits_in_use
        on
            conversions_of_models.conversion_type = fits_in_use.conversion_type
            and conversions_of_models.model = fits_in_use.model

),

{% set kind_weight = sojourn.kind_weight('conversion_type', 'kind') -%}
{% set credit = 'credit' -%}
{% if kind_weight -%}
{% set credit = 'case when total_credit > 0 then weighted_credit / total_credit else credit end' -%}
-- Kinds of touch that weigh less or more than others; alike where all weigh nothing.
by_kind as (

    select
        *,
        credit * {{ kind_weight }} as weighted_credit,
        sum(credit * {{ kind_weight }}) over (partition by conversion_id, model) as total_credit

    from credited

),

{% endif -%}
-- Whole numbers from here on, so that every engine splits the same cent: credit in billionths,
-- money in cents.
measured as (

    select
        *,
        cast(floor({{ credit }} * 1000000000 + 0.5) as {{ sojourn.type_wide_integer() }})
            as credit_units,
        cast(abs(revenue) * 100 as {{ sojourn.type_wide_integer() }}) as revenue_cents

    from {{ 'by_kind' if kind_weight else 'credited' }}

),

totalled as (

    select
        *,
        sum(credit_units) over (partition by conversion_id, model) as total_units

    from measured

),

shared_out as (

    select
        *,
        {{ sojourn.whole_quotient('revenue_cents * credit_units', 'total_units') }} as whole_cents,
        (revenue_cents * credit_units) % total_units as remainder

    from totalled

),

-- The cents that are left go one each to the largest remainders, ties by touchpoint id.
ranked as (

    select
        *,
        revenue_cents - sum(whole_cents) over (partition by conversion_id, model) as cents_left,
        row_number() over (
            partition by conversion_id, model
            order by remainder desc, {{ sojourn.in_byte_order('touchpoint_id') }} asc
        ) as remainder_rank

    from shared_out

),

adding_up as (

    select
        conversion_id,
        touchpoint_id,
        person_id,
        conversion_type,
        channel,
        utm_source,
        campaign,
        campaign_id,
        model,
        fit_version,
        {{ credit }} as credit,
        cast(
            cast(
                (whole_cents + case when remainder_rank <= cents_left then 1 else 0 end)
                * case when revenue < 0 then -1 else 1 end
                as decimal(18, 0)
            ) * cast(0.01 as decimal(3, 2))
            as {{ sojourn.type_money() }}
        ) as attributed_revenue,
        touched_at,
        converted_at,
        {{ sojourn.this_run() }} as changed_in

    from ranked

)

{{ sojourn.replacement('adding_up', 'changed_conversions', 'conversion_id') }}
