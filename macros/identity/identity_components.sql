{# Materialization `identity_components`: judges identifiers tier by tier, strongest first, and
   keeps one row per identifier that may join persons: (identifier_type, identifier_value,
   person_id, cluster_id, is_demoted, status_reason, rules, changed_in).

   The model's SQL is ignored but for its references; it is configured with names of models:
     nodes: identifier_type, identifier_value, tier (1 = strongest), values_per_person (NULL: any
            number), person_limit (NULL: any number), person_limit_days (NULL: ever), blocked_reason
            (NULL: may join), is_removed, rules (one text for all: a fingerprint of the rules),
            changed_in
     edges: left_type, left_value, right_type, right_value, is_detached, is_apart (a steward says that
            the two are never one person: it joins nothing, and limits), is_removed, first_seen_at,
            last_seen_at, linked_in (the run since which the edge has been there, or been removed; of
            an edge whose times count in a limit, the run in which they changed)
     ledger: identifier_type, identifier_value, anchored_person_id, first_loaded_at, recorded_at

   For each tier: (1) a value is demoted when the stronger components that it touches may not be
   one person (a limited type would have too many values, a steward keeps two of them apart) or are
   more than its limit; (2) what is left joins; (3) where a component now breaks a limit, its edges
   between two values of this tier are dropped; if that does not mend it, its values that touch more
   than one stronger component are demoted, and at last its values of this tier that are too many.
   A pair that a steward keeps apart is a limit like that of a type: its two values, one a person.
   A person's id is that of its identifier that was known first, and of those that one run came to
   know, was loaded first.

   A cluster is what all edges join, demoted ones too: nothing outside it can change how a value in
   it is judged. So a later run judges the clusters that new, removed or detached identifiers and
   edges touch, and the result depends on the set of observations, never on their order. #}
{% materialization identity_components, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set nodes = ref('sojourn', config.require('nodes')) -%}
    {%- set edges = ref('sojourn', config.require('edges')) -%}
    {%- set ledger = ref('sojourn', config.require('ledger')) -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {#- By other rules, everything is judged anew. -#}
    {%- set state = namespace(last_run=none, affected=1) -%}
    {%- if existing is not none and existing.is_table and not should_full_refresh() -%}
        {%- set made_by = run_query(
            'select min(rules), max(rules), cast(max(changed_in) as ' ~ sojourn.type_string() ~ ') from ' ~ this
        ).rows[0] -%}
        {%- set rules = run_query('select max(rules) from ' ~ nodes).rows[0][0] -%}
        {%- if made_by[0] == rules and made_by[1] == rules -%}
            {%- set state.last_run = made_by[2] -%}
        {%- endif -%}
    {%- endif -%}

    {%- do sojourn.drop_identity_tables() -%}
    {%- if state.last_run -%}
        {%- do sojourn.find_affected(nodes, edges, this, state.last_run) -%}
        {%- set state.affected = run_query('select count(*) from identity_affected').rows[0][0] | int -%}
    {%- endif -%}
    {%- if state.affected > 0 -%}
        {%- do sojourn.number_identifiers(nodes, edges, state.last_run) -%}
        {%- set tiers = run_query('select distinct tier from identity_nodes order by tier').columns[0].values() -%}
        {%- for tier in tiers -%}
            {%- do sojourn.judge_tier(tier) -%}
        {%- endfor -%}
        {%- do sojourn.name_components(ledger) -%}
    {%- endif -%}

    {%- if state.affected == 0 -%}
        {%- call statement('main') -%}
            select 0 as affected
        {%- endcall -%}
    {%- elif state.last_run -%}
        {%- call statement('main') -%}
            {{ sojourn.replace_judged(target_relation, sojourn.judged_identifiers(nodes)) }}
        {%- endcall -%}
    {%- else -%}
        {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
        {%- call statement('main') -%}
            {{ create_table_as(false, target_relation, sojourn.rewritten(
                '(' ~ sojourn.judged_identifiers(nodes) ~ ') as judged'
            )) }}
        {%- endcall -%}
    {%- endif -%}
    {%- do sojourn.drop_identity_tables() -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro drop_identity_tables() %}
    {%- do sojourn.drop_scratch([
        'identity_affected', 'identity_nodes', 'identity_edges', 'identity_limits', 'identity_links',
        'identity_linked', 'identity_clusters', 'identity_persons', 'identity_components',
        'identity_demoted', 'identity_renamed',
    ]) -%}
    {%- do sojourn.clear_scratch() -%}
{% endmacro %}


{# Replaces the rows of all affected identifiers by what was judged of them. #}
{% macro replace_judged(target_relation, judged) -%}
    {{ adapter.dispatch('replace_judged', 'sojourn')(target_relation, judged) }}
{%- endmacro %}

{% macro default__replace_judged(target_relation, judged) -%}
    delete from {{ target_relation }} as judged
    using identity_affected as affected
    where
        judged.identifier_type = affected.identifier_type
        and judged.identifier_value = affected.identifier_value;

    insert into {{ target_relation }}
    {{ judged }}
{%- endmacro %}

{% macro spark__replace_judged(target_relation, judged) -%}
    {%- do run_query('set spark.sql.sources.partitionOverwriteMode = dynamic') -%}
    {{ sojourn.overwrite_buckets(
        target_relation,
        'select * from identity_affected left join (' ~ judged ~ ') as judged using (identifier_type, identifier_value)'
    ) }}
{%- endmacro %}


{# Identifiers whose clusters are touched by what came, went or was detached since the last run. #}
{% macro find_affected(nodes, edges, judged, last_run) %}
    {%- call sojourn.scratch('identity_affected') -%}
        with touched as (
            select nodes.identifier_type, nodes.identifier_value
            from {{ nodes }} as nodes
            left join {{ judged }} as judged
                on
                    nodes.identifier_type = judged.identifier_type
                    and nodes.identifier_value = judged.identifier_value
            where
                nodes.changed_in > cast('{{ last_run }}' as {{ sojourn.type_timestamp() }})
                and (nodes.is_removed or judged.identifier_type is null)
            union
            select left_type, left_value from {{ edges }}
            where linked_in > cast('{{ last_run }}' as {{ sojourn.type_timestamp() }})
            union
            select right_type, right_value from {{ edges }}
            where linked_in > cast('{{ last_run }}' as {{ sojourn.type_timestamp() }})
        ),
        clusters as (
            select distinct judged.cluster_id
            from {{ judged }} as judged
            inner join touched
                on
                    judged.identifier_type = touched.identifier_type
                    and judged.identifier_value = touched.identifier_value
        )
        select identifier_type, identifier_value
        from touched
        union
        select judged.identifier_type, judged.identifier_value
        from {{ judged }} as judged
        inner join clusters on judged.cluster_id = clusters.cluster_id
    {%- endcall -%}
{% endmacro %}


{# Affected identifiers that may join persons, and what joins them, as numbers. These are in no order, so
   that components are found in few rounds. Of an edge, `node` is the weaker end: the edge is judged
   with its tier. #}
{% macro number_identifiers(nodes, edges, last_run) %}
    {%- call sojourn.scratch('identity_nodes') -%}
        select
            {{ sojourn.scattered('numbered.number') }} as identifier_id,
            numbered.identifier_type,
            numbered.identifier_value,
            numbered.tier,
            numbered.values_per_person,
            numbered.person_limit,
            numbered.person_limit_days
        from (
            select
                nodes.*,
                {{ sojourn.any_number() }} as number
            from {{ nodes }} as nodes
            {%- if last_run %}
            inner join identity_affected as affected
                on
                    nodes.identifier_type = affected.identifier_type
                    and nodes.identifier_value = affected.identifier_value
            {%- endif %}
            where
                nodes.blocked_reason is null
                and not nodes.is_removed
        ) as numbered
    {%- endcall -%}
    {%- call sojourn.scratch('identity_edges') -%}
        select
            case when joined.is_leftwards then joined.left_id else joined.right_id end as node,
            case when joined.is_leftwards then joined.right_id else joined.left_id end as other,
            greatest(joined.left_tier, joined.right_tier) as tier,
            joined.left_tier <> joined.right_tier as is_cross,
            joined.first_seen_at,
            joined.last_seen_at
        from (
            select
                lefts.identifier_id as left_id,
                rights.identifier_id as right_id,
                lefts.tier as left_tier,
                rights.tier as right_tier,
                lefts.tier > rights.tier
                or (lefts.tier = rights.tier and lefts.identifier_id < rights.identifier_id)
                    as is_leftwards,
                edges.first_seen_at,
                edges.last_seen_at
            from {{ edges }} as edges
            inner join identity_nodes as lefts
                on
                    edges.left_type = lefts.identifier_type
                    and edges.left_value = lefts.identifier_value
            inner join identity_nodes as rights
                on
                    edges.right_type = rights.identifier_type
                    and edges.right_value = rights.identifier_value
            where
                not edges.is_removed
                and not edges.is_detached
                and not edges.is_apart
        ) as joined
    {%- endcall -%}
    {#- What one person may have only so many of: values of a type, and of a pair kept apart. -#}
    {%- call sojourn.scratch('identity_limits') -%}
        select
            identifier_id,
            identifier_type as limit_name,
            values_per_person as most,
            'joins too many values of ' || identifier_type as reason,
            false as is_apart
        from identity_nodes
        where values_per_person is not null
        union all
        select
            nodes.identifier_id,
            'apart ' || apart.pair_id as limit_name,
            1 as most,
            'would join what a steward keeps apart' as reason,
            true as is_apart
        from (
            {%- for side in ['left', 'right'] %}
            select
                {{ sojourn.hash_id(['left_type', 'left_value', 'right_type', 'right_value']) }} as pair_id,
                {{ side }}_type as identifier_type,
                {{ side }}_value as identifier_value
            from {{ edges }}
            where is_apart and not is_removed
            {{ 'union' if not loop.last }}
            {%- endfor %}
        ) as apart
        inner join identity_nodes as nodes
            on
                apart.identifier_type = nodes.identifier_type
                and apart.identifier_value = nodes.identifier_value
    {%- endcall -%}
    {%- call sojourn.scratch('identity_components') -%}
        select cast(null as bigint) as node, cast(null as bigint) as component where 1 = 0
    {%- endcall -%}
    {%- call sojourn.scratch('identity_demoted') -%}
        select cast(null as bigint) as node, cast(null as {{ sojourn.type_string() }}) as reason where 1 = 0
    {%- endcall -%}
{% endmacro %}


{# The person of each component, and its cluster: what all edges join, those that join in vain, too. #}
{% macro name_components(ledger) %}
    {%- call sojourn.scratch('identity_links') -%}
        select distinct
            nodes.component as left_node,
            others.component as right_node
        from identity_edges as edges
        inner join identity_components as nodes on edges.node = nodes.node
        inner join identity_components as others on edges.other = others.node
        where nodes.component <> others.component
    {%- endcall -%}
    {%- do sojourn.connected_components('identity_links', 'identity_linked') -%}
    {%- call sojourn.scratch('identity_clusters') -%}
        select
            coalesce(linked.component, components.component) as cluster_number,
            min({{ sojourn.in_byte_order("nodes.identifier_type || ':' || nodes.identifier_value") }}) as cluster_id
        from identity_components as components
        inner join identity_nodes as nodes on components.node = nodes.identifier_id
        left join identity_linked as linked on components.component = linked.node
        group by coalesce(linked.component, components.component)
    {%- endcall -%}
    {%- call sojourn.scratch('identity_persons') -%}
        select
            anchors.component,
            anchors.anchored_person_id as person_id,
            clusters.cluster_id
        from (
            select
                components.component,
                ledger.anchored_person_id,
                row_number() over (
                    partition by components.component
                    order by
                        ledger.recorded_at,
                        ledger.first_loaded_at,
                        nodes.tier,
                        {{ sojourn.in_byte_order('nodes.identifier_type') }},
                        {{ sojourn.in_byte_order('nodes.identifier_value') }}
                ) as seniority
            from identity_components as components
            inner join identity_nodes as nodes on components.node = nodes.identifier_id
            inner join {{ ledger }} as ledger
                on
                    nodes.identifier_type = ledger.identifier_type
                    and nodes.identifier_value = ledger.identifier_value
        ) as anchors
        left join identity_linked as linked on anchors.component = linked.node
        inner join identity_clusters as clusters
            on coalesce(linked.component, anchors.component) = clusters.cluster_number
        where anchors.seniority = 1
    {%- endcall -%}
{% endmacro %}


{% macro judged_identifiers(nodes) %}
    select
        numbered.identifier_type,
        numbered.identifier_value,
        persons.person_id,
        persons.cluster_id,
        demoted.node is not null as is_demoted,
        demoted.reason as status_reason,
        rules.rules,
        {{ sojourn.this_run() }} as changed_in
    from identity_components as components
    inner join identity_nodes as numbered on components.node = numbered.identifier_id
    inner join identity_persons as persons on components.component = persons.component
    left join identity_demoted as demoted on components.node = demoted.node
    cross join (select max(rules) as rules from {{ nodes }}) as rules
{% endmacro %}


{# Most values touch one component of stronger tiers and nothing else: they belong to it. Only the others,
   the loose ones, can join components, and only they are looked at one by one. #}
{% macro judge_tier(tier) %}
    {%- call sojourn.scratch('tier_nodes') -%}
        select
            nodes.identifier_id as node,
            nodes.values_per_person,
            nodes.person_limit,
            nodes.person_limit_days,
            touched.component as home,
            coalesce(touched.component <> touched.last_component, false)
            or linked.node is not null
            or apart.node is not null as is_loose
        from identity_nodes as nodes
        left join (
            select
                edges.node,
                min(components.component) as component,
                max(components.component) as last_component
            from identity_edges as edges
            inner join identity_components as components on edges.other = components.node
            where
                edges.tier = {{ tier }}
                and edges.is_cross
                and edges.other not in (select demoted.node from identity_demoted as demoted)
            group by edges.node
        ) as touched on nodes.identifier_id = touched.node
        left join (
            select node from identity_edges where tier = {{ tier }} and not is_cross
            union
            select other from identity_edges where tier = {{ tier }} and not is_cross
        ) as linked on nodes.identifier_id = linked.node
        left join (
            select distinct identifier_id as node from identity_limits where is_apart
        ) as apart on nodes.identifier_id = apart.node
        where nodes.tier = {{ tier }}
    {%- endcall -%}
    {%- set to_judge = run_query(
        'select count(*) from tier_nodes where is_loose or (home is not null and values_per_person is not null)'
    ).rows[0][0] | int -%}
    {%- if to_judge == 0 -%}
        {%- call sojourn.scratch_rows('identity_components') -%}
            select node, coalesce(home, node) as component from tier_nodes
        {%- endcall -%}
    {%- else -%}
        {%- do sojourn.judge_loose(tier) -%}
    {%- endif -%}
    {%- do sojourn.drop_scratch(['tier_nodes']) -%}
{% endmacro %}


{% macro judge_loose(tier) %}
    {%- set is_timed = run_query(
        'select count(*) from tier_nodes where is_loose and person_limit_days is not null'
    ).rows[0][0] | int > 0 -%}
    {#- A loose value and a component of stronger tiers that it touches. -#}
    {%- call sojourn.scratch('tier_cross') -%}
        select distinct edges.node, components.component
        from identity_edges as edges
        inner join tier_nodes on edges.node = tier_nodes.node
        inner join identity_components as components on edges.other = components.node
        where
            tier_nodes.is_loose
            and edges.tier = {{ tier }}
            and edges.is_cross
            and edges.other not in (select demoted.node from identity_demoted as demoted)
    {%- endcall -%}
    {%- call sojourn.scratch('tier_within') -%}
        select distinct node as left_node, other as right_node
        from identity_edges
        where tier = {{ tier }} and not is_cross
    {%- endcall -%}
    {#- What is limited: of the components that loose values touch, and of this tier. -#}
    {%- call sojourn.scratch('tier_values') -%}
        select
            components.component,
            limits.identifier_id,
            limits.limit_name,
            limits.most,
            limits.reason
        from (select distinct component from tier_cross) as touched
        inner join identity_components as components on touched.component = components.component
        inner join identity_limits as limits on components.node = limits.identifier_id
        where components.node not in (select demoted.node from identity_demoted as demoted)
    {%- endcall -%}
    {%- call sojourn.scratch('tier_limits') -%}
        select
            tier_nodes.node,
            limits.limit_name,
            limits.most,
            limits.reason
        from tier_nodes
        inner join identity_limits as limits on tier_nodes.node = limits.identifier_id
        where
            tier_nodes.is_loose
            or tier_nodes.home is not null
    {%- endcall -%}

    {#- (1) Values that touch components which may not join. -#}
    {%- call sojourn.scratch_rows('identity_demoted') -%}
        select node, min(reason)
        from (
            select touched.node, min(touched.reason) as reason
            from (
                select
                    tier_cross.node,
                    tier_values.limit_name,
                    tier_values.most,
                    tier_values.reason
                from tier_cross
                inner join tier_values on tier_cross.component = tier_values.component
                union all
                select node, limit_name, most, reason
                from tier_limits
            ) as touched
            group by touched.node, touched.limit_name
            having count(*) > min(touched.most)
            union all
            select tier_cross.node, 'touches too many persons' as reason
            from tier_cross
            inner join tier_nodes on tier_cross.node = tier_nodes.node
            where tier_nodes.person_limit_days is null
            group by tier_cross.node
            having count(*) > min(tier_nodes.person_limit)
            {%- if is_timed %}
            union all
            {{ sojourn.crowded_values(tier) }}
            {%- endif %}
        ) as conflicts
        group by node
    {%- endcall -%}

    {#- (2) Join, and (3) mend what breaks a limit: first without edges inside the tier, then
        without values that touch several components, and then without those that are too many. A
        node stands for itself, a stronger component for one of its nodes, so both are numbers of
        one kind. -#}
    {%- set state = namespace(broken=1) -%}
    {%- for attempt in range(4) -%}
        {%- if state.broken > 0 -%}
        {%- call sojourn.scratch('tier_edges') -%}
            select tier_cross.node as left_node, tier_cross.component as right_node
            from tier_cross
            where tier_cross.node not in (select demoted.node from identity_demoted as demoted)
            union all
            select tier_within.left_node, tier_within.right_node
            from tier_within
            where
                tier_within.left_node not in (select demoted.node from identity_demoted as demoted)
                and tier_within.right_node not in (select demoted.node from identity_demoted as demoted)
        {%- endcall -%}
        {%- do sojourn.connected_components('tier_edges', 'tier_joined') -%}
        {%- call sojourn.scratch('tier_placed') -%}
            select
                tier_nodes.node,
                case
                    when demoted.node is not null then tier_nodes.node
                    when tier_nodes.is_loose then coalesce(joined.component, tier_nodes.node)
                    else coalesce(joined.component, tier_nodes.home, tier_nodes.node)
                end as component
            from tier_nodes
            left join tier_joined as joined
                on
                    case when tier_nodes.is_loose then tier_nodes.node else tier_nodes.home end
                    = joined.node
            left join identity_demoted as demoted on tier_nodes.node = demoted.node
        {%- endcall -%}
        {%- call sojourn.scratch('tier_broken') -%}
            select counted.component, counted.limit_name
            from (
                select joined.component, tier_values.limit_name, tier_values.most
                from tier_values
                inner join tier_joined as joined on tier_values.component = joined.node
                union all
                select placed.component, tier_limits.limit_name, tier_limits.most
                from tier_limits
                inner join tier_placed as placed on tier_limits.node = placed.node
            ) as counted
            group by counted.component, counted.limit_name
            having count(*) > min(counted.most)
        {%- endcall -%}
        {%- set state.broken = run_query('select count(*) from tier_broken').rows[0][0] | int -%}
        {%- if state.broken > 0 and attempt == 0 -%}
            {%- do sojourn.delete_scratch('tier_within', 'left_node in (
                select placed.node from tier_placed as placed
                inner join tier_broken on placed.component = tier_broken.component
            )') -%}
        {%- elif state.broken > 0 and attempt == 1 -%}
            {%- call sojourn.scratch_rows('identity_demoted') -%}
                select tier_cross.node, 'would join persons that break a limit' as reason
                from tier_cross
                inner join tier_placed as placed on tier_cross.node = placed.node
                inner join (
                    select distinct component from tier_broken
                ) as broken on placed.component = broken.component
                where tier_cross.node not in (select demoted.node from identity_demoted as demoted)
                group by tier_cross.node
                having count(*) > 1
            {%- endcall -%}
        {%- elif state.broken > 0 and attempt == 2 -%}
            {%- call sojourn.scratch_rows('identity_demoted') -%}
                select tier_limits.node, min(tier_limits.reason) as reason
                from tier_limits
                inner join tier_placed as placed on tier_limits.node = placed.node
                inner join tier_broken
                    on
                        placed.component = tier_broken.component
                        and tier_limits.limit_name = tier_broken.limit_name
                where tier_limits.node not in (select demoted.node from identity_demoted as demoted)
                group by tier_limits.node
            {%- endcall -%}
        {%- endif -%}
        {%- endif -%}
    {%- endfor -%}

    {#- The stronger components take their new names, and this tier's values come in. -#}
    {%- call sojourn.scratch('identity_renamed') -%}
        select components.node, coalesce(joined.component, components.component) as component
        from identity_components as components
        left join tier_joined as joined on components.component = joined.node
        union all
        select node, component from tier_placed
    {%- endcall -%}
    {%- do sojourn.rename_scratch('identity_renamed', 'identity_components') -%}
    {%- do sojourn.drop_scratch([
        'tier_cross', 'tier_within', 'tier_values', 'tier_limits', 'tier_joined', 'tier_edges',
        'tier_placed', 'tier_broken',
    ]) -%}
{% endmacro %}


{# Values of this tier that touched more persons than their limit within a span of days that is
   shorter than their window. A touch lasts from the first to the last time that both were seen
   together. A window that ends at a time sees a touch from its beginning until the window has passed
   its end: where these times overlap, the touches meet in one window. #}
{% macro crowded_values(tier) %}
    select ticks.node, 'touches too many persons' as reason
    from (
        select
            steps.node,
            steps.person_limit,
            sum(steps.step) over (
                partition by steps.node
                order by steps.stepped_at, steps.step
                rows between unbounded preceding and current row
            ) as person_count
        from (
            {%- for column, step in [('first_seen_at', 1), ('forgotten_at', -1)] %}
            select stays.node, stays.person_limit, stays.{{ column }} as stepped_at, {{ step }} as step
            from (
                select
                    islands.node,
                    islands.component,
                    islands.island,
                    min(islands.person_limit) as person_limit,
                    min(islands.first_seen_at) as first_seen_at,
                    max(islands.forgotten_at) as forgotten_at
                from (
                    select
                        spans.*,
                        sum(
                            case when spans.first_seen_at <= spans.forgotten_before then 0 else 1 end
                        ) over (
                            partition by spans.node, spans.component
                            order by spans.first_seen_at, spans.forgotten_at
                            rows between unbounded preceding and current row
                        ) as island
                    from (
                        select
                            touches.*,
                            max(touches.forgotten_at) over (
                                partition by touches.node, touches.component
                                order by touches.first_seen_at, touches.forgotten_at
                                rows between unbounded preceding and 1 preceding
                            ) as forgotten_before
                        from (
                            select
                                tier_nodes.node,
                                tier_nodes.person_limit,
                                components.component,
                                edges.first_seen_at,
                                {{ sojourn.days_after('edges.last_seen_at', 'tier_nodes.person_limit_days') }}
                                    as forgotten_at
                            from identity_edges as edges
                            inner join tier_nodes on edges.node = tier_nodes.node
                            inner join identity_components as components
                                on edges.other = components.node
                            where
                                edges.tier = {{ tier }}
                                and edges.is_cross
                                and tier_nodes.is_loose
                                and tier_nodes.person_limit_days is not null
                                and edges.other not in (
                                    select demoted.node from identity_demoted as demoted
                                )
                        ) as touches
                    ) as spans
                ) as islands
                group by islands.node, islands.component, islands.island
            ) as stays
            {{ 'union all' if not loop.last }}
            {%- endfor %}
        ) as steps
    ) as ticks
    group by ticks.node
    having max(ticks.person_count) > min(ticks.person_limit)
{% endmacro %}
