{# Materialization `attribution_fits`: adds to `attribution.channel_weights` the fits of the version in
   use and of its candidate (var `attribution_fit`) that it does not hold yet: one for each fitted model
   and conversion type with enough conversions in the training window. What it holds it keeps, whatever
   the flags: to fit anew, name another version; to go back, name the former.

   `journeys` names the model with the journeys that have ended: person_id, conversion_type, touch_count,
   is_converted, converted_at, last_touched_at; `steps` the one with their touches: path_id, person_id,
   conversion_type, channel, campaign, step_number, is_direct, is_converted, ended_at. Direct touches
   count only in journeys that have no others, unless `attribution_settings` say otherwise.

   All fits start from
     fit_touches     the steps in the training window, of all conversion types: as fit_steps below, with
                     channel, campaign and is_direct
     fit_all_draws   as fit_draws below
   and for each there are these scratch tables:
     fit_values    value_number (from 1, in byte order), value
     fit_steps     path_id, unit_id, is_converted, value_number, step_number
     fit_draws     unit_id, replicate, weight: how often a unit counts. In replicate 0 each once; the
                   others are bootstrap samples, Poisson(1) draws from a hash of the unit
   and what the models found goes to
     fit_effects   fit, model, replicate, value, effect, sampling_error
     fit_reasons   fit, model, reason: why there are no intervals

   A unit is a person. Of more than 50,000, it is one of 4,096 groups of persons, by hash: persons are
   independent of each other, so groups of them vary by as much as they do, and sampling costs the same
   however many there are. #}
{% materialization attribution_fits, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set journeys = ref('sojourn', config.require('journeys')) -%}
    {%- set steps = ref('sojourn', config.require('steps')) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {#- Before models were fitted, this was an empty table of fewer columns. -#}
    {%- set is_kept = (
        existing is not none and existing.is_table and 'training_to' in (
            adapter.get_columns_in_relation(existing) | map(attribute='name') | map('lower') | list
        )
    ) -%}
    {#- A table that was made before it had reasons. -#}
    {%- if is_kept and 'ci_reason' not in (
        adapter.get_columns_in_relation(existing) | map(attribute='name') | map('lower') | list
    ) -%}
        {%- do alter_relation_add_remove_columns(
            existing, [api.Column('ci_reason', sojourn.type_string())], none
        ) -%}
    {%- endif -%}
    {%- do sojourn.drop_fit_tables() -%}
    {%- set fits = sojourn.missing_fits(journeys, steps, this if is_kept else none) -%}
    {%- if fits -%}
        {%- call sojourn.scratch('fit_effects') -%}
            select
                0 as fit,
                cast(null as {{ sojourn.type_string() }}) as model,
                0 as replicate,
                cast(null as {{ sojourn.type_string() }}) as value,
                cast(null as {{ sojourn.type_double() }}) as effect,
                cast(null as {{ sojourn.type_double() }}) as sampling_error
            where 1 = 0
        {%- endcall -%}
        {%- call sojourn.scratch('fit_reasons') -%}
            select
                0 as fit,
                cast(null as {{ sojourn.type_string() }}) as model,
                cast(null as {{ sojourn.type_string() }}) as reason
            where 1 = 0
        {%- endcall -%}
        {%- do sojourn.collect_fit_touches(journeys, steps) -%}
        {%- for fit in fits -%}
            {%- do sojourn.make_fit(fit) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set rows = sojourn.fitted_weights(fits) -%}
    {%- if not is_kept -%}
        {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
        {%- call statement('main') -%}
            {{ create_table_as(false, target_relation, rows) }}
        {%- endcall -%}
    {%- elif fits -%}
        {%- set columns = adapter.get_columns_in_relation(existing) | map(attribute='quoted') | join(', ') -%}
        {%- call statement('main') -%}
            {#- Another process may have made the same fit meanwhile. #}
            insert into {{ target_relation }}
            select {{ columns }} from ({{ rows }}) as fitted
            where not exists (
                select 1
                from {{ target_relation }} as made
                where
                    made.fit_version = fitted.fit_version
                    and made.conversion_type = fitted.conversion_type
                    and made.model = fitted.model
            )
        {%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
            select 0 as fits
        {%- endcall -%}
    {%- endif -%}
    {%- do sojourn.drop_fit_tables() -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro drop_fit_tables() %}
    {%- do sojourn.drop_scratch([
        'fit_effects', 'fit_reasons', 'fit_touches', 'fit_all_draws', 'fit_values', 'fit_steps', 'fit_draws',
        'fit_moves', 'fit_chain', 'fit_powers', 'fit_powers_next', 'fit_visits', 'fit_visits_next',
        'fit_steps_back', 'fit_members', 'fit_blocks', 'fit_blocks_next', 'fit_sums', 'fit_chances',
        'fit_sets', 'fit_subsets', 'fit_worths', 'fit_places',
    ]) -%}
    {%- do sojourn.clear_scratch() -%}
{% endmacro %}


{% macro in_training() -%}
    {%- set to = sojourn.training_to('conversion_type') -%}
    ended_at <= {{ to }}
    and ended_at > {{ sojourn.days_before(to, sojourn.fit_setting('training_days')) }}
{%- endmacro %}


{# Journeys with touches, and when they ended. #}
{% macro ended_journeys(journeys) -%}
    (
        select
            *,
            coalesce(converted_at, last_touched_at) as ended_at
        from {{ journeys }}
        where touch_count > 0
    ) as ended
{%- endmacro %}


{# The fits to make, where enough journeys converted: a list of {number, version, type, dimension,
   models, journeys, conversions}. #}
{% macro missing_fits(journeys, steps, kept) %}
    {%- set recorded = [] -%}
    {%- if kept is not none -%}
        {%- for version, type, model in run_query(
            'select distinct fit_version, conversion_type, model from ' ~ kept
        ).rows -%}
            {%- do recorded.append([version, type, model] | join(' ')) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set trained = [] -%}
    {%- if sojourn.fitted_models() -%}
        {%- set trained = run_query(
            'select conversion_type, count(*), sum(case when is_converted then 1 else 0 end) from '
            ~ sojourn.ended_journeys(journeys) ~ ' where ' ~ sojourn.in_training()
            ~ ' group by conversion_type order by conversion_type'
        ).rows -%}
    {%- endif -%}
    {%- set fits = [] -%}
    {%- set all_settings = sojourn.attribution_settings() -%}
    {%- set least = sojourn.fit_setting('min_conversions') -%}
    {%- for type, journeys, conversions in trained if conversions >= least -%}
        {%- set of_type = [] -%}
        {%- for version in sojourn.fit_versions() -%}
        {%- for dimension in ['channel', 'campaign'] -%}
            {%- set models = [] -%}
            {%- for model in sojourn.fitted_models()
                if model.endswith('_' ~ dimension)
                and [version, type, model] | join(' ') not in recorded -%}
                {%- do models.append(model) -%}
            {%- endfor -%}
            {%- if models -%}
                {%- do of_type.append({
                    'number': fits | length + of_type | length + 1, 'version': version,
                    'type': type, 'dimension': dimension, 'models': models,
                    'journeys': journeys | int, 'conversions': conversions | int,
                }) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- endfor -%}
        {#- Where direct touches never count, journeys of nothing else teach nothing. -#}
        {%- if of_type and all_settings.get(type, all_settings.default).direct == 'never' -%}
            {%- set conversions = run_query(
                'select count(distinct path_id) from ' ~ steps ~ ' where is_converted and not is_direct'
                ~ ' and conversion_type = ' ~ sojourn.text_literal(type) ~ ' and ' ~ sojourn.in_training()
            ).rows[0][0] -%}
        {%- endif -%}
        {%- if conversions >= least -%}{%- do fits.extend(of_type) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(fits) }}
{% endmacro %}


{# Scratch tables `fit_touches` and `fit_all_draws`: what all fits start from. #}
{% macro collect_fit_touches(journeys, steps) %}
    {%- set person_count = run_query(
        'select count(distinct person_id) from ' ~ sojourn.ended_journeys(journeys)
        ~ ' where ' ~ sojourn.in_training()
    ).rows[0][0] | int -%}
    {%- call sojourn.scratch('fit_touches') -%}
        select
            path_id,
            {{ 'substr(md5(person_id), 1, 3)' if person_count > 50000 else 'person_id' }} as unit_id,
            conversion_type,
            channel,
            campaign,
            step_number,
            is_direct,
            is_converted,
            max(case when is_direct then 0 else 1 end) over (partition by path_id)
                as has_other_than_direct
        from {{ steps }}
        where {{ sojourn.in_training() }}
    {%- endcall -%}
    {%- set replicates = sojourn.fit_setting('replicates') -%}
    {%- call sojourn.scratch('fit_all_draws') -%}
        with units as (
            select distinct unit_id
            from fit_touches
        ),
        digests as (
            select
                units.unit_id,
                blocks.number as block,
                md5('{{ sojourn.fit_setting('seed') }}|' || cast(blocks.number as {{ sojourn.type_string() }}) || '|' || units.unit_id)
                    as digest
            from units
            cross join ({{ sojourn.whole_numbers((replicates + 3) // 4) }}) as blocks
        ),
        draws as (
            select
                unit_id,
                0 as replicate,
                1 as weight
            from units
            {%- for part in range(4) %}
            union all
            select
                unit_id,
                4 * block + {{ part + 1 }} as replicate,
                {{ sojourn.poisson_weight('substr(digest, ' ~ (8 * part + 1) ~ ', 8)') }} as weight
            from digests
            {%- endfor %}
        )
        select
            unit_id,
            cast(replicate as integer) as replicate,
            cast(weight as {{ sojourn.type_bigint() }}) as weight
        from draws
        where
            weight > 0
            and replicate <= {{ replicates }}
    {%- endcall -%}
{% endmacro %}


{% macro make_fit(fit) %}
    {%- set all_settings = sojourn.attribution_settings() -%}
    {%- set settings = all_settings.get(fit.type, all_settings.default) -%}
    {%- set removed = settings.removed_if_not_alone -%}
    {%- call sojourn.scratch('fit_moves') -%}
        select
            path_id,
            unit_id,
            is_converted,
            {{ sojourn.fitted_value(fit.dimension) }} as value,
            step_number
        from {% if removed %}(
            select
                *,
                max(case when {{ sojourn.in_channels('channel', removed) }} then 0 else 1 end)
                    over (partition by path_id) as has_others
            from fit_touches
        ) as trained{% else %}fit_touches{% endif %}
        where
            conversion_type = {{ sojourn.text_literal(fit.type) }}
            and {{ {
                'fallback': '(not is_direct or has_other_than_direct = 0)', 'counts': '1 = 1',
                'never': 'not is_direct',
            }[settings.direct] }}
            {% if removed -%}
            and (has_others = 0 or not {{ sojourn.in_channels('channel', removed) }})
            {%- endif %}
    {%- endcall -%}
    {%- call sojourn.scratch('fit_values') -%}
        select
            cast(row_number() over (order by {{ sojourn.in_byte_order('value') }}) as {{ sojourn.type_bigint() }})
                as value_number,
            value
        from (select distinct value from fit_moves) as found
    {%- endcall -%}
    {%- call sojourn.scratch('fit_steps') -%}
        {%- if settings.path == 'all' %}
        select
            moves.path_id,
            moves.unit_id,
            moves.is_converted,
            fit_values.value_number,
            moves.step_number
        from fit_moves as moves
        inner join fit_values on moves.value = fit_values.value
        {%- else %}
        select
            path_id,
            unit_id,
            is_converted,
            value_number,
            step_number
        from (
            select
                moves.*,
                fit_values.value_number,
                lag(fit_values.value_number) over (partition by moves.path_id order by moves.step_number)
                    as previous_value_number,
                row_number() over (
                    partition by moves.path_id, fit_values.value_number
                    order by moves.step_number
                ) as number_of_value
            from fit_moves as moves
            inner join fit_values on moves.value = fit_values.value
        ) as numbered
        where {{ {
            'collapsed': 'value_number is distinct from previous_value_number',
            'first': 'number_of_value = 1',
        }[settings.path] }}
        {%- endif %}
    {%- endcall -%}
    {%- set value_count = run_query('select count(*) from fit_values').rows[0][0] | int -%}
    {#- Direct touches and others that do not count are out by now, and with them some journeys. -#}
    {%- set trained = run_query(
        'select count(*), sum(case when is_converted then 1 else 0 end) from '
        ~ '(select distinct path_id, is_converted from fit_steps) as journeys'
    ).rows[0] -%}
    {%- do fit.update({'journeys': trained[0] | int, 'conversions': (trained[1] or 0) | int}) -%}
    {%- for model in fit.models if fit.conversions >= sojourn.fit_setting('min_conversions') -%}
        {%- if model.startswith('markov_') -%}
            {%- do sojourn.fit_markov(fit.number, model, value_count) -%}
        {%- elif value_count <= sojourn.fit_setting('shapley_exact_values') -%}
            {%- do sojourn.fit_shapley(fit.number, model, value_count) -%}
        {%- else -%}
            {%- do sojourn.fit_shapley_sampled(fit.number, model, value_count) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}


{# Scratch table `fit_draws`. Without bootstrap samples where they would cost too much, of which
   `fit_reasons` is told: `products` is how many one sample takes. #}
{% macro draw_units(fit, model, value_count, products) %}
    {%- set replicates = sojourn.fit_setting('replicates') -%}
    {%- set cost = (products * replicates / 1000000) | round(0, 'ceil') | int -%}
    {%- set allowed = sojourn.fit_setting('interval_cost') -%}
    {%- if replicates == 0 or cost > allowed -%}
        {%- call sojourn.scratch_rows('fit_reasons') -%}
            select
                {{ fit }} as fit,
                '{{ model }}' as model,
                {%- if replicates == 0 %}
                'No bootstrap samples are drawn: attribution_fit.replicates is 0.' as reason
                {%- else %}
                '{{ 'There are too many ways between ' ~ value_count ~ ' channels or campaigns for '
                    ~ replicates ~ ' bootstrap samples: ' ~ cost ~ ' million products; '
                    ~ 'attribution_fit.interval_cost allows ' ~ allowed ~ '.' }}' as reason
                {%- endif %}
        {%- endcall -%}
    {%- endif -%}
    {%- call sojourn.scratch('fit_draws') -%}
        select *
        from fit_all_draws
        where replicate <= {{ 0 if cost > allowed else replicates }}
    {%- endcall -%}
{% endmacro %}


{# The whole numbers from 0 to count - 1, as `number`. #}
{% macro whole_numbers(count) -%}
    {%- set places = [1] -%}
    {%- for place in range(6) if 10 ** (place + 1) < count -%}
        {%- do places.append(10 ** (place + 1)) -%}
    {%- endfor -%}
    select number
    from (
        select {% for place in places %}{{ place }} * digit_{{ place }}.digit{{ ' + ' if not loop.last }}{% endfor %} as number
        from
            {%- for place in places %}
            {{ 'cross join ' if not loop.first }}(
                {%- for digit in range(10) %}select {{ digit }} as digit{{ ' union all ' if not loop.last }}{% endfor -%}
            ) as digit_{{ place }}
            {%- endfor %}
    ) as numbers
    where number < {{ count }}
{%- endmacro %}


{# What the materialization writes: a row for each fit, model and value. #}
{% macro fitted_weights(fits) -%}
    {%- set double = sojourn.type_double() -%}
    {%- set string = sojourn.type_string() -%}
    {%- set least_journeys = 'sets of ' ~ sojourn.fit_setting('shapley_min_journeys') ~ ' journeys or more' -%}
    {%- if not fits -%}
    select
        {% for column in [
            'fit_version', 'conversion_type', 'model', 'dimension', 'value', 'settings', 'ci_reason'
        ] -%}
        cast(null as {{ string }}) as {{ column }},
        {% endfor -%}
        cast(null as {{ sojourn.type_bigint() }}) as journeys,
        cast(null as {{ sojourn.type_bigint() }}) as conversions,
        {% for column in [
            'removal_effect', 'shapley_value', 'sampling_error', 'weight', 'ci_low', 'ci_high'
        ] -%}
        cast(null as {{ double }}) as {{ column }},
        {% endfor -%}
        {{ sojourn.run_at() }} as training_from,
        {{ sojourn.run_at() }} as training_to,
        {{ sojourn.run_at() }} as recorded_at
    where 1 = 0
    {%- else -%}
    with fits as (
        {% for fit in fits -%}
        select
            {{ fit.number }} as fit,
            '{{ fit.version }}' as fit_version,
            {{ sojourn.text_literal(fit.type) }} as conversion_type,
            '{{ fit.dimension }}' as dimension,
            {{ sojourn.text_literal(sojourn.learned_from(fit.type)) }} as learned_from,
            {{ fit.journeys }} as journeys,
            {{ fit.conversions }} as conversions
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ),
    -- Negative Shapley values are shown, and weigh nothing.
    floored as (
        select
            *,
            case when effect > 0 then effect else 0 end as part
        from fit_effects
    ),
    weighted as (
        select
            *,
            part / nullif(sum(part) over (partition by fit, model, replicate), 0) as weight
        from floored
    ),
    -- A value that a sample does not hold weighs nothing in it.
    samples as (
        select
            fitted.fit,
            fitted.model,
            fitted.value,
            coalesce(weighted.weight, 0) as weight,
            row_number() over (
                partition by fitted.fit, fitted.model, fitted.value
                order by coalesce(weighted.weight, 0)
            ) as place,
            count(*) over (partition by fitted.fit, fitted.model, fitted.value) as sample_count
        from (select fit, model, value from fit_effects where replicate = 0) as fitted
        inner join (
            select distinct fit, model, replicate
            from weighted
            where replicate > 0 and weight is not null
        ) as drawn
            on
                fitted.fit = drawn.fit
                and fitted.model = drawn.model
        left join weighted
            on
                drawn.fit = weighted.fit
                and drawn.model = weighted.model
                and drawn.replicate = weighted.replicate
                and fitted.value = weighted.value
    ),
    intervals as (
        select
            fit,
            model,
            value,
            min(case when place >= 0.025 * sample_count then weight end) as ci_low,
            min(case when place >= 0.975 * sample_count then weight end) as ci_high
        from samples
        group by fit, model, value
    )
    select
        fits.fit_version,
        fits.conversion_type,
        weighted.model,
        fits.dimension,
        weighted.value,
        case
            when weighted.model like 'markov%' then 'order {{ sojourn.fit_setting('markov_order') }}'
            when weighted.sampling_error is null then 'exact, {{ least_journeys }}'
            else '{{ sojourn.fit_setting('shapley_permutations') }} permutations, {{ least_journeys }}'
        end || '; ' || fits.learned_from as settings,
        case
            when intervals.ci_low is null
                then coalesce(fit_reasons.reason, 'No bootstrap sample has a weight above zero.')
        end as ci_reason,
        cast(fits.journeys as {{ sojourn.type_bigint() }}) as journeys,
        cast(fits.conversions as {{ sojourn.type_bigint() }}) as conversions,
        case when weighted.model like 'markov%' then weighted.effect end as removal_effect,
        case when weighted.model like 'shapley%' then weighted.effect end as shapley_value,
        weighted.sampling_error,
        cast(coalesce(weighted.weight, 0) as {{ double }}) as weight,
        cast(intervals.ci_low as {{ double }}) as ci_low,
        cast(intervals.ci_high as {{ double }}) as ci_high,
        {{ sojourn.days_before(
            sojourn.training_to('fits.conversion_type'), sojourn.fit_setting('training_days')
        ) }} as training_from,
        {{ sojourn.training_to('fits.conversion_type') }} as training_to,
        {{ sojourn.run_at() }} as recorded_at
    from weighted
    inner join fits on weighted.fit = fits.fit
    left join intervals
        on
            weighted.fit = intervals.fit
            and weighted.model = intervals.model
            and weighted.value = intervals.value
    left join fit_reasons
        on
            weighted.fit = fit_reasons.fit
            and weighted.model = fit_reasons.model
    where weighted.replicate = 0
    {%- endif -%}
{%- endmacro %}


{# What the journeys of a conversion type are to fitted models, in words. #}
{% macro learned_from(type) -%}
    {%- set all_settings = sojourn.attribution_settings() -%}
    {%- set settings = all_settings.get(type, all_settings.default) -%}
    {%- set said = [
        'window ' ~ settings.window_days ~ ' days', 'path ' ~ settings.path, 'direct ' ~ settings.direct
    ] -%}
    {%- for name in ['excluded_channels', 'included_channels', 'removed_if_not_alone'] if settings[name] -%}
        {%- do said.append(name ~ ' ' ~ settings[name] | join(', ')) -%}
    {%- endfor -%}
    {{ return(said | join('; ')) }}
{%- endmacro %}
