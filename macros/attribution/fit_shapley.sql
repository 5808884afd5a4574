{# `fit_shapley(fit, model, value_count)`: Shapley values for `fit_effects`, where a set of values is
   worth the conversion rate of the journeys that hold no others (nothing if these are fewer than
   `attribution_fit.shapley_min_journeys`). Exact: over all sets, as whole numbers whose bits stand for
   values.
   Source: Shapley, A value for n-person games, 1953; Dalessandro et al., Causally motivated
   attribution for online advertising, 2012. #}
{% macro fit_shapley(fit, model, value_count) %}
    {%- set bigint = sojourn.type_bigint() -%}
    {%- do sojourn.draw_units(fit, model, value_count, 4 * value_count * 2 ** value_count) -%}
    {%- call sojourn.scratch('fit_sets') -%}
        select
            draws.replicate,
            masks.mask,
            sum(draws.weight * masks.journeys) as journeys,
            sum(case when masks.is_converted then draws.weight * masks.journeys else 0 end)
                as conversions
        from (
            select
                unit_id,
                is_converted,
                mask,
                count(*) as journeys
            from (
                select
                    path_id,
                    unit_id,
                    is_converted,
                    cast(sum(power(2, value_number - 1)) as {{ bigint }}) as mask
                from (select distinct path_id, unit_id, is_converted, value_number from fit_steps) as members
                group by path_id, unit_id, is_converted
            ) as journeys
            group by unit_id, is_converted, mask
        ) as masks
        inner join fit_draws as draws on masks.unit_id = draws.unit_id
        group by draws.replicate, masks.mask
    {%- endcall -%}
    {%- call sojourn.scratch('fit_subsets') -%}
        with size_0 as (
            select
                cast(0 as {{ bigint }}) as mask,
                0 as size
        )
        {%- for number in range(1, value_count + 1) %},
        size_{{ number }} as (
            select
                size_{{ number - 1 }}.mask + {{ 2 ** (number - 1) }} * bits.bit as mask,
                size_{{ number - 1 }}.size + bits.bit as size
            from size_{{ number - 1 }}
            cross join (select 0 as bit union all select 1 as bit) as bits
        )
        {%- endfor %}
        select * from size_{{ value_count }}
    {%- endcall -%}
    {#- What a set is worth counts for all that hold it: each adds itself to those with one value more,
        a value at a time. -#}
    {%- call sojourn.scratch('fit_worths') -%}
        with sums_0 as (
            select
                replicate,
                mask,
                cast(journeys as {{ bigint }}) as journeys,
                cast(conversions as {{ bigint }}) as conversions
            from fit_sets
        ),
        {%- for number in range(1, value_count + 1) %}
        sums_{{ number }} as (
            select
                sums.replicate,
                sums.mask + {{ 2 ** (number - 1) }} * bits.bit as mask,
                cast(sum(sums.journeys) as {{ bigint }}) as journeys,
                cast(sum(sums.conversions) as {{ bigint }}) as conversions
            from sums_{{ number - 1 }} as sums
            cross join (select 0 as bit union all select 1 as bit) as bits
            where bits.bit = 0 or (sums.mask & {{ 2 ** (number - 1) }}) = 0
            group by sums.replicate, sums.mask + {{ 2 ** (number - 1) }} * bits.bit
        ),
        {%- endfor %}
        worths as (
            select
                replicates.replicate,
                subsets.mask,
                subsets.size,
                coalesce(sums.journeys, 0) as journeys,
                coalesce(sums.conversions, 0) as conversions
            from fit_subsets as subsets
            cross join (select distinct replicate from fit_sets) as replicates
            left join sums_{{ value_count }} as sums
                on
                    replicates.replicate = sums.replicate
                    and subsets.mask = sums.mask
        )
        select
            replicate,
            mask,
            size,
            {{ sojourn.worth_of('journeys', 'conversions') }} as worth
        from worths
    {%- endcall -%}
    {%- call sojourn.scratch_rows('fit_effects') -%}
        with shares as (
            {#- Of the orders of all values, the part in which a set of `size` comes just before one. #}
            {%- set state = namespace(share=1 / value_count) %}
            {%- for size in range(value_count) %}
            select
                {{ size }} as size,
                cast({{ state.share }} as {{ sojourn.type_double() }}) as share
            {{ 'union all' if not loop.last }}
            {%- set state.share = state.share * (size + 1) / (value_count - size - 1) if not loop.last else 0 %}
            {%- endfor %}
        )
        select
            {{ fit }} as fit,
            '{{ model }}' as model,
            without_it.replicate,
            fit_values.value,
            sum(shares.share * (with_it.worth - without_it.worth)) as effect,
            cast(null as {{ sojourn.type_double() }}) as sampling_error
        from (
            select
                value,
                cast(power(2, value_number - 1) as {{ bigint }}) as bit
            from fit_values
        ) as fit_values
        inner join fit_worths as without_it on (without_it.mask & fit_values.bit) = 0
        inner join fit_worths as with_it
            on
                without_it.replicate = with_it.replicate
                and without_it.mask + fit_values.bit = with_it.mask
        inner join shares on without_it.size = shares.size
        group by without_it.replicate, fit_values.value
    {%- endcall -%}
{% endmacro %}


{% macro worth_of(journeys, conversions) -%}
    case
        when {{ journeys }} >= {{ sojourn.fit_setting('shapley_min_journeys') }}
            then cast({{ conversions }} as {{ sojourn.type_double() }}) / {{ journeys }}
        else 0
    end
{%- endmacro %}


{# The same for more values than sets can be counted of: in random orders of the values, each from a
   hash, what a value adds to those before it, on average; `sampling_error` is the standard error
   of that. A journey counts from the place on at which the last of its values comes.
   Source: Castro, Gomez and Tejada, Polynomial calculation of the Shapley value, 2009. #}
{% macro fit_shapley_sampled(fit, model, value_count) %}
    {%- set permutations = sojourn.fit_setting('shapley_permutations') -%}
    {%- set bigint = sojourn.type_bigint() -%}
    {%- set string = sojourn.type_string() -%}
    {%- call sojourn.scratch('fit_members') -%}
        select
            unit_id,
            is_converted,
            members,
            min(path_id) as path_id,
            count(*) as journeys
        from (
            select
                path_id,
                unit_id,
                is_converted,
                {{ sojourn.joined_text('cast(value_number as ' ~ string ~ ')', '>', 'value_number') }} as members
            from (select distinct path_id, unit_id, is_converted, value_number from fit_steps) as found
            group by path_id, unit_id, is_converted
        ) as journeys
        group by unit_id, is_converted, members
    {%- endcall -%}
    {%- set set_count = run_query('select count(distinct members) from fit_members').rows[0][0] | int -%}
    {%- do sojourn.draw_units(fit, model, value_count, (set_count + 4 * value_count) * permutations) -%}
    {%- call sojourn.scratch('fit_sets') -%}
        select
            draws.replicate,
            members.members,
            cast(sum(draws.weight * members.journeys) as {{ bigint }}) as journeys,
            cast(
                sum(case when members.is_converted then draws.weight * members.journeys else 0 end)
                as {{ bigint }}
            ) as conversions
        from fit_members as members
        inner join fit_draws as draws on members.unit_id = draws.unit_id
        group by draws.replicate, members.members
    {%- endcall -%}
    {%- call sojourn.scratch('fit_places') -%}
        select
            permutations.number as permutation,
            fit_values.value_number,
            row_number() over (
                partition by permutations.number
                order by {{ sojourn.in_byte_order(
                    "md5('" ~ sojourn.fit_setting('seed') ~ "|' || cast(permutations.number as " ~ string
                    ~ ") || '|' || fit_values.value)"
                ) }}
            ) as place
        from fit_values
        cross join ({{ sojourn.whole_numbers(permutations) }}) as permutations
    {%- endcall -%}
    {%- call sojourn.scratch('fit_worths') -%}
        with examples as (
            select
                members,
                min(path_id) as path_id
            from fit_members
            group by members
        ),
        last_places as (
            select
                examples.members,
                places.permutation,
                max(places.place) as place
            from examples
            inner join (select distinct path_id, value_number from fit_steps) as steps
                on examples.path_id = steps.path_id
            inner join fit_places as places on steps.value_number = places.value_number
            group by examples.members, places.permutation
        ),
        counted as (
            select
                sets.replicate,
                last_places.permutation,
                last_places.place,
                sum(sets.journeys) as journeys,
                sum(sets.conversions) as conversions
            from fit_sets as sets
            inner join last_places on sets.members = last_places.members
            group by sets.replicate, last_places.permutation, last_places.place
        ),
        cumulated as (
            select
                replicates.replicate,
                places.permutation,
                places.value_number,
                places.place,
                sum(coalesce(counted.journeys, 0)) over (
                    partition by replicates.replicate, places.permutation
                    order by places.place
                ) as journeys,
                sum(coalesce(counted.conversions, 0)) over (
                    partition by replicates.replicate, places.permutation
                    order by places.place
                ) as conversions
            from fit_places as places
            cross join (select distinct replicate from fit_sets) as replicates
            left join counted
                on
                    replicates.replicate = counted.replicate
                    and places.permutation = counted.permutation
                    and places.place = counted.place
        )
        select
            replicate,
            permutation,
            value_number,
            place,
            {{ sojourn.worth_of('journeys', 'conversions') }} as worth
        from cumulated
    {%- endcall -%}
    {%- call sojourn.scratch_rows('fit_effects') -%}
        select
            {{ fit }} as fit,
            '{{ model }}' as model,
            added.replicate,
            fit_values.value,
            avg(added.worth) as effect,
            stddev_samp(added.worth) / sqrt({{ permutations }}) as sampling_error
        from (
            select
                replicate,
                value_number,
                worth - coalesce(
                    lag(worth) over (partition by replicate, permutation order by place), 0
                ) as worth
            from fit_worths
        ) as added
        inner join fit_values on added.value_number = fit_values.value_number
        group by added.replicate, fit_values.value
    {%- endcall -%}
{% endmacro %}
