{# `credit_by_weights('markov_channel', 'channel')`: conversion_id, touchpoint_id and credit of a
   fitted model, by the recorded fit that is in use (`weights_in_use`). The credit of a conversion goes
   to the touches since the person's last one of that type: to their channels (or campaigns) in
   proportion to the weights, evenly over the touches of each. What the fit has not seen takes its mean
   weight; where all weights are zero, or nothing is fitted yet, all values earn the same.
   `by_candidate`: by the candidate instead, and of all conversions. #}
{% macro credit_by_weights(model, dimension, by_candidate=false) -%}
with creditable_touches as (

    {{ sojourn.creditable_touches(
        model, since_last_conversion=true, of_all=by_candidate
    ) }}

),

weights as {{ sojourn.inline() }} (

    {% if by_candidate -%}
    select channel_weights.*
    from {{ ref('sojourn', 'channel_weights') }} as channel_weights
    inner join ({{ sojourn.candidate_fits() }}) as candidate_fits
        on
            channel_weights.conversion_type = candidate_fits.conversion_type
            and channel_weights.model = candidate_fits.model
            and channel_weights.fit_version = candidate_fits.fit_version
    where channel_weights.model = '{{ model }}'
    {%- else -%}
    select * from {{ ref('sojourn', 'weights_in_use') }}
    where model = '{{ model }}'
    {%- endif %}

),

mean_weights as (

    select
        conversion_type,
        avg(weight) as weight

    from weights
    group by conversion_type

),

of_values as (

    select
        conversion_id,
        touchpoint_id,
        conversion_type,
        {{ sojourn.fitted_value(dimension) }} as value

    from creditable_touches

),

counted as (

    select
        *,
        count(*) over (partition by conversion_id, {{ sojourn.in_byte_order('value') }})
            as touches_of_value

    from of_values

),

weighted as (

    select
        counted.conversion_id,
        counted.touchpoint_id,
        counted.touches_of_value,
        coalesce(weights.weight, mean_weights.weight, 1) / counted.touches_of_value as weight

    from counted
    left join weights
        on
            counted.conversion_type = weights.conversion_type
            and counted.value = weights.value
    left join mean_weights on counted.conversion_type = mean_weights.conversion_type

),

totalled as (

    select
        *,
        sum(weight) over (partition by conversion_id) as total_weight,
        sum(cast(1 as {{ sojourn.type_double() }}) / touches_of_value) over (
            partition by conversion_id
        ) as value_count

    from weighted

)

select
    conversion_id,
    touchpoint_id,
    case
        when total_weight > 0 then weight / total_weight
        else 1 / (value_count * touches_of_value)
    end as credit

from totalled
{%- endmacro %}
