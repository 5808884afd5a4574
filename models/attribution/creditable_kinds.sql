{{ config(meta={'attribution_settings': sojourn.attribution_settings()}) }}

-- Models of a project that uses this one as a package read its settings from here.

with touch_kinds as (

    select distinct kind
    from {{ ref('sojourn', 'touchpoints') }}

),

-- `paths` is no model: its rows say which touches are steps of a path.
models as (

    {% for model in var('attribution_models') + ['paths'] -%}
    select '{{ model }}' as model
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

touch_credit_rules as (

    select * from {{ ref('touch_credit_rules') }}

),

-- The rule that names most counts: kind and model, then the kind, then the model, then neither.
ranked_rules as (

    select
        touch_kinds.kind,
        models.model,
        touch_credit_rules.earns_credit,
        row_number() over (
            partition by touch_kinds.kind, models.model
            order by
                case when touch_credit_rules.kind = '*' then 1 else 0 end,
                case when touch_credit_rules.model = '*' then 1 else 0 end
        ) as rule_rank

    from touch_kinds
    cross join models
    inner join touch_credit_rules
        on
            touch_credit_rules.kind in (touch_kinds.kind, '*')
            and touch_credit_rules.model in (models.model, '*')

)

select
    kind,
    model

from ranked_rules
where
    rule_rank = 1
    and earns_credit
