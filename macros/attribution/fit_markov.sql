{# `fit_markov(fit, model, value_count)`: removal effects in the Markov chain of the journeys in
   `fit_steps`, for `fit_effects`. A state is what the last k touches were (k is
   `attribution_fit.markov_order`; fewer at the start), and a journey ends in a conversion or in none.
   The removal effect of a value is the part of the conversions that would be lost if no journey got
   past it: P(hit it) P(convert from where it was hit) / P(convert).

   Every journey ends, so from each state some end is reached, and no matrix here is singular. Steps
   from a state to itself are left out and the others scaled up: that changes where a journey ends in
   no case, and spares long loops.
   Source: Anderl et al., Mapping the customer journey, 2016 (IJRM 33); Kemeny and Snell, Finite Markov
   Chains, 1960, for the fundamental matrix. #}
{% macro fit_markov(fit, model, value_count) %}
    {%- set order = sojourn.fit_setting('markov_order') -%}
    {%- set is_dense = order == 1 and value_count <= 60 -%}
    {%- call sojourn.scratch('fit_moves') -%}
        with states as (
            select
                path_id,
                unit_id,
                is_converted,
                value_number,
                step_number,
                {{ sojourn.last_values(order) }} as state
            from fit_steps
        ),
        followed as (
            select
                *,
                lag(state) over (partition by path_id order by step_number) as previous_state,
                lead(state) over (partition by path_id order by step_number) as next_state
            from states
        )
        select
            unit_id,
            coalesce(previous_state, 'start') as from_state,
            state as to_state,
            value_number as to_value,
            count(*) as move_count
        from followed
        group by unit_id, previous_state, state, value_number
        union all
        select
            unit_id,
            state as from_state,
            case when is_converted then 'conversion' else 'nothing' end as to_state,
            cast(null as {{ sojourn.type_bigint() }}) as to_value,
            count(*) as move_count
        from followed
        where next_state is null
        group by unit_id, state, is_converted
    {%- endcall -%}
    {%- set move_kinds = run_query(
        'select count(*) from (select distinct from_state, to_state from fit_moves) as kinds'
    ).rows[0][0] | int -%}
    {%- do sojourn.draw_units(
        fit, model, value_count,
        16 * value_count ** 3 if is_dense else 64 * value_count * move_kinds
    ) -%}
    {%- call sojourn.scratch('fit_chain') -%}
        select
            replicate,
            from_state,
            to_state,
            to_value,
            moves / leaving as chance
        from (
            select
                *,
                sum(case when to_state <> from_state then moves else 0 end) over (
                    partition by replicate, from_state
                ) as leaving
            from (
                select
                    draws.replicate,
                    moves.from_state,
                    moves.to_state,
                    moves.to_value,
                    cast(sum(draws.weight * moves.move_count) as {{ sojourn.type_double() }}) as moves
                from fit_moves as moves
                inner join fit_draws as draws on moves.unit_id = draws.unit_id
                group by draws.replicate, moves.from_state, moves.to_state, moves.to_value
            ) as counted
        ) as totalled
        where
            to_state <> from_state
            and to_state <> 'nothing'
    {%- endcall -%}
    {%- if is_dense -%}
        {%- do sojourn.removal_effects_by_matrix(fit, model) -%}
    {%- else -%}
        {%- do sojourn.removal_effects_by_iteration(fit, model) -%}
    {%- endif -%}
{% endmacro %}


{% macro last_values(order) -%}
    concat_ws(
        '>'
        {%- for distance in range(order - 1, 0, -1) -%}
        , lag(cast(value_number as {{ sojourn.type_string() }}), {{ distance }}) over (partition by path_id order by step_number)
        {%- endfor -%}
        , cast(value_number as {{ sojourn.type_string() }})
    )
{%- endmacro %}


{# At order 1: the fundamental matrix N = I + Q + Q^2 + ... = (I + Q)(I + Q^2)(I + Q^4)..., visits to j
   from i, gives all removal effects: P(hit j) is the visits to j from the start over those to j from
   j. Each factor doubles the length of the journeys that are counted; what is below 1e-30 is
   dropped, since PostgreSQL refuses products that vanish. #}
{% macro removal_effects_by_matrix(fit, model) %}
    {%- call sojourn.scratch('fit_powers') -%}
        select
            replicate,
            from_state,
            to_state,
            chance
        from fit_chain
        where
            from_state <> 'start'
            and to_state <> 'conversion'
    {%- endcall -%}
    {%- call sojourn.scratch('fit_visits') -%}
        select
            replicate,
            to_state as from_state,
            to_state,
            cast(1 as {{ sojourn.type_double() }}) as visits
        from fit_chain
        where to_state <> 'conversion'
        group by replicate, to_state
        union all
        select
            replicate,
            from_state,
            to_state,
            chance as visits
        from fit_powers
    {%- endcall -%}
    {%- set state = namespace(left=1) -%}
    {%- for round in range(60) -%}
        {%- if state.left > 0 -%}
        {%- call sojourn.scratch('fit_powers_next') -%}
            select
                firsts.replicate,
                firsts.from_state,
                seconds.to_state,
                sum(firsts.chance * seconds.chance) as chance
            from fit_powers as firsts
            inner join fit_powers as seconds
                on
                    firsts.replicate = seconds.replicate
                    and firsts.to_state = seconds.from_state
            group by firsts.replicate, firsts.from_state, seconds.to_state
            having sum(firsts.chance * seconds.chance) > 1e-30
        {%- endcall -%}
        {%- do sojourn.rename_scratch('fit_powers_next', 'fit_powers') -%}
        {%- call sojourn.scratch('fit_visits_next') -%}
            select
                replicate,
                from_state,
                to_state,
                sum(visits) as visits
            from (
                select * from fit_visits
                union all
                select
                    powers.replicate,
                    powers.from_state,
                    visits.to_state,
                    powers.chance * visits.visits as visits
                from fit_powers as powers
                inner join fit_visits as visits
                    on
                        powers.replicate = visits.replicate
                        and powers.to_state = visits.from_state
            ) as added
            group by replicate, from_state, to_state
        {%- endcall -%}
        {%- do sojourn.rename_scratch('fit_visits_next', 'fit_visits') -%}
        {%- set state.left = run_query(
            'select count(*) from (select replicate, from_state from fit_powers'
            ~ ' group by replicate, from_state having sum(chance) > 1e-15) as lasting'
        ).rows[0][0] | int -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if state.left > 0 -%}
        {%- do exceptions.raise_compiler_error('The Markov chain of ' ~ model ~ ' did not converge.') -%}
    {%- endif -%}
    {%- call sojourn.scratch_rows('fit_effects') -%}
        with converting as (
            select
                visits.replicate,
                visits.from_state as state,
                sum(visits.visits * chain.chance) as chance
            from fit_visits as visits
            inner join fit_chain as chain
                on
                    visits.replicate = chain.replicate
                    and visits.to_state = chain.from_state
            where chain.to_state = 'conversion'
            group by visits.replicate, visits.from_state
        ),
        visited as (
            select
                visits.replicate,
                visits.to_state as state,
                sum(starts.chance * visits.visits) as visits
            from fit_visits as visits
            inner join fit_chain as starts
                on
                    visits.replicate = starts.replicate
                    and visits.from_state = starts.to_state
            where starts.from_state = 'start'
            group by visits.replicate, visits.to_state
        ),
        started as (
            select
                starts.replicate,
                sum(starts.chance * converting.chance) as chance
            from fit_chain as starts
            inner join converting
                on
                    starts.replicate = converting.replicate
                    and starts.to_state = converting.state
            where starts.from_state = 'start'
            group by starts.replicate
        )
        select
            {{ fit }} as fit,
            '{{ model }}' as model,
            visited.replicate,
            fit_values.value,
            coalesce(visited.visits / returns.visits * converting.chance / started.chance, 0) as effect,
            cast(null as {{ sojourn.type_double() }}) as sampling_error
        from visited
        inner join started on visited.replicate = started.replicate
        inner join fit_values on visited.state = cast(fit_values.value_number as {{ sojourn.type_string() }})
        inner join fit_visits as returns
            on
                visited.replicate = returns.replicate
                and visited.state = returns.from_state
                and visited.state = returns.to_state
        left join converting
            on
                visited.replicate = converting.replicate
                and visited.state = converting.state
    {%- endcall -%}
{% endmacro %}


{# In general: the chance to convert from the start, with each value removed and with none (0). It is
   the sum of D + BD + BBD + ..., where D are the chances to convert within eight steps and B is eight
   steps of the chain. Where journeys are long this sum is slow, but its terms soon shrink alike: if BD
   is at least r D in every state, with r as large as that allows, the terms of what is r D from one to
   the next add up to r D / (1 - r), and the rest, (BD - r D) / (1 - r), takes the place of D. Nothing
   is estimated by that, and nothing is negative: it may be done at any time, and is where terms shrink
   nearly alike, and every fourth time. A state is left in three steps of four and kept in the fourth,
   which changes no chance, and lets chains that go round in circles settle, too. #}
{% macro removal_effects_by_iteration(fit, model) %}
    {%- set steps = 8 -%}
    {%- set last = namespace(rest=1.0) -%}
    {%- call sojourn.scratch('fit_steps_back') -%}
        select
            replicate,
            from_state,
            to_state,
            to_value,
            0.75 * chance as chance
        from fit_chain
        where to_state <> 'conversion'
        union all
        select distinct
            replicate,
            from_state,
            from_state as to_state,
            cast(-1 as {{ sojourn.type_bigint() }}) as to_value,
            cast(0.25 as {{ sojourn.type_double() }}) as chance
        from fit_chain
    {%- endcall -%}
    {%- call sojourn.scratch('fit_members') -%}
        select
            chain.replicate,
            removed.value_number as removed,
            chain.from_state as state,
            0.75 * chain.chance as chance
        from fit_chain as chain
        cross join (
            select value_number from fit_values
            union all
            select 0 as value_number
        ) as removed
        where chain.to_state = 'conversion'
    {%- endcall -%}
    {%- call sojourn.scratch('fit_blocks') -%}
        with step_0 as (
            select * from fit_members
        ),
        {%- for step in range(1, steps) %}
        step_{{ step }} as (
            {{ sojourn.one_step_back('step_' ~ (step - 1), and_more='fit_members') }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
        select * from step_{{ steps - 1 }}
    {%- endcall -%}
    {%- call sojourn.scratch('fit_sums') -%}
        select
            replicate,
            removed,
            chance
        from fit_blocks
        where state = 'start'
    {%- endcall -%}
    {%- for round in range(5000) -%}
        {%- if last.rest > 1e-14 -%}
        {%- call sojourn.scratch('fit_blocks_next') -%}
            with step_0 as (
                -- PostgreSQL refuses products that vanish.
                select
                    replicate,
                    removed,
                    state,
                    chance
                from fit_blocks
                where chance > 1e-25
            ),
            {%- for step in range(1, steps + 1) %}
            step_{{ step }} as (
                {{ sojourn.one_step_back('step_' ~ (step - 1)) }}
            ),
            {%- endfor %}
            compared as (
                select
                    coalesce(earlier.replicate, later.replicate) as replicate,
                    coalesce(earlier.removed, later.removed) as removed,
                    coalesce(earlier.state, later.state) as state,
                    coalesce(earlier.chance, 0) as earlier_chance,
                    coalesce(later.chance, 0) as chance
                from step_0 as earlier
                full outer join step_{{ steps }} as later
                    on
                        earlier.replicate = later.replicate
                        and earlier.removed = later.removed
                        and earlier.state = later.state
            ),
            ratios as (
                select
                    replicate,
                    removed,
                    min(case when earlier_chance > 0 then chance / earlier_chance end) as least_ratio,
                    sum(chance) / sum(earlier_chance) as ratio
                from compared
                group by replicate, removed
            ),
            shrinking as (
                select
                    replicate,
                    removed,
                    ratio,
                    case
                        when
                            least_ratio < 1
                            {% if round % 4 < 3 %}and ratio - least_ratio <= 0.2 * (1 - ratio){% endif %}
                            then least_ratio
                        else 0
                    end as shared_ratio
                from ratios
            )
            select
                compared.replicate,
                compared.removed,
                compared.state,
                (compared.chance - shrinking.shared_ratio * compared.earlier_chance)
                / (1 - shrinking.shared_ratio) as chance,
                compared.chance / (1 - shrinking.shared_ratio) as added,
                shrinking.ratio
            from compared
            inner join shrinking
                on
                    compared.replicate = shrinking.replicate
                    and compared.removed = shrinking.removed
        {%- endcall -%}
        {%- call sojourn.scratch_rows('fit_sums') -%}
            select
                replicate,
                removed,
                added as chance
            from fit_blocks_next
            where state = 'start'
        {%- endcall -%}
        {#- What is left, as a part of the chance to convert, if terms go on to shrink as they do. -#}
        {%- set last.rest = run_query(
            'select coalesce(max(case when blocks.ratio < 1 and whole.chance > 0'
            ~ ' then blocks.chance / (1 - blocks.ratio) / whole.chance else 1 end), 0)'
            ~ ' from fit_blocks_next as blocks left join ('
            ~ 'select replicate, sum(chance) as chance from fit_sums where removed = 0 group by replicate'
            ~ ') as whole on blocks.replicate = whole.replicate where blocks.chance > 1e-25'
        ).rows[0][0] | float -%}
        {%- do sojourn.rename_scratch('fit_blocks_next', 'fit_blocks') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if last.rest > 1e-14 -%}
        {%- do exceptions.raise_compiler_error('The Markov chain of ' ~ model ~ ' did not converge.') -%}
    {%- endif -%}
    {%- call sojourn.scratch('fit_chances') -%}
        select
            replicate,
            removed,
            sum(chance) as chance
        from fit_sums
        group by replicate, removed
    {%- endcall -%}
    {%- call sojourn.scratch_rows('fit_effects') -%}
        select
            {{ fit }} as fit,
            '{{ model }}' as model,
            whole.replicate,
            fit_values.value,
            case
                when coalesce(rest.chance, 0) < whole.chance
                    then 1 - coalesce(rest.chance, 0) / whole.chance
                else 0
            end as effect,
            cast(null as {{ sojourn.type_double() }}) as sampling_error
        from fit_chances as whole
        cross join fit_values
        left join fit_chances as rest
            on
                whole.replicate = rest.replicate
                and fit_values.value_number = rest.removed
        where whole.removed = 0
    {%- endcall -%}
{% endmacro %}


{# From the chances of states, those of the states before them, and what those have of their own. #}
{% macro one_step_back(chances, and_more=none) -%}
    select
        replicate,
        removed,
        state,
        sum(chance) as chance
    from (
        select
            chain.replicate,
            reached.removed,
            chain.from_state as state,
            chain.chance * reached.chance as chance
        from fit_steps_back as chain
        inner join {{ chances }} as reached
            on
                chain.replicate = reached.replicate
                and chain.to_state = reached.state
        where chain.to_value <> reached.removed
        {% if and_more -%}
        union all
        select * from {{ and_more }}
        {%- endif %}
    ) as ways
    group by replicate, removed, state
{%- endmacro %}
