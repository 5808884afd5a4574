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
            {%- do sojourn.judge_tier('identity_nodes', 'identity_edges', tier) -%}
        {%- endfor -%}
        {%- do sojourn.connected_components('identity_links', 'identity_clusters') -%}
    {%- endif -%}

    {%- if state.affected == 0 -%}
        {%- call statement('main') -%}
            select 0 as affected
        {%- endcall -%}
    {%- elif state.last_run -%}
        {%- call statement('main') -%}
            {{ sojourn.replace_judged(target_relation, sojourn.judged_identifiers(nodes, ledger)) }}
        {%- endcall -%}
    {%- else -%}
        {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
        {%- call statement('main') -%}
            {{ create_table_as(false, target_relation, sojourn.rewritten(
                '(' ~ sojourn.judged_identifiers(nodes, ledger) ~ ') as judged'
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
        'identity_clusters', 'identity_components', 'identity_demoted', 'identity_renamed',
    ]) -%}
    {%- do sojourn.clear_scratch() -%}
{% endmacro %}


{# Replaces the rows of all affected identifiers by what was judged of them. #}
{% macro replace_judged(target_relation, judged) -%}
    {{ adapter.dispatch('replace_judged', 'sojourn')(target_relation, judged) }}
{%- endmacro %}

{% macro default__replace_judged(target_relation, judged) -%}
    {%- set key = sojourn.key_columns()[0] -%}
    delete from {{ target_relation }}
    where {{ key }} in (select {{ key }} from identity_affected);

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


{# Affected identifiers that may join persons, and what joins them, as numbers. The numbers are in
   random order, so that components are found in few rounds. #}
{% macro number_identifiers(nodes, edges, last_run) %}
    {%- call sojourn.scratch('identity_nodes') -%}
        select
            row_number() over (
                order by
                    md5(nodes.identifier_type || ':' || nodes.identifier_value),
                    nodes.identifier_type,
                    nodes.identifier_value
            ) as identifier_id,
            nodes.identifier_type,
            nodes.identifier_value,
            nodes.tier,
            nodes.values_per_person,
            nodes.person_limit,
            nodes.person_limit_days
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
    {%- endcall -%}
    {#- When two were seen together matters only to a limit in a window. -#}
    {%- set is_timed = run_query(
        'select count(*) from identity_nodes where person_limit_days is not null'
    ).rows[0][0] | int > 0 -%}
    {%- call sojourn.scratch('identity_edges') -%}
        select
            lefts.identifier_id as left_id,
            rights.identifier_id as right_id
            {%- if is_timed %},
            min(edges.first_seen_at) as first_seen_at,
            max(edges.last_seen_at) as last_seen_at
            {%- endif %}
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
        group by lefts.identifier_id, rights.identifier_id
    {%- endcall -%}
    {#- What one person may have only so many of: values of a type, and of a pair kept apart. -#}
    {%- call sojourn.scratch('identity_limits') -%}
        select
            identifier_id,
            identifier_type as limit_name,
            values_per_person as most,
            'joins too many values of ' || identifier_type as reason
        from identity_nodes
        where values_per_person is not null
        union all
        select
            nodes.identifier_id,
            'apart ' || apart.pair_id as limit_name,
            1 as most,
            'would join what a steward keeps apart' as reason
        from (
            {%- for side in ['left', 'right'] %}
            select
                {{ sojourn.hash_id(['left_type', 'left_value', 'right_type', 'right_value']) }} as pair_id,
                {{ side }}_type as identifier_type,
                {{ side }}_value as identifier_value
            from {{ edges }}
            where is_apart and not is_removed
            {{ 'union all' if not loop.last }}
            {%- endfor %}
        ) as apart
        inner join identity_nodes as nodes
            on
                apart.identifier_type = nodes.identifier_type
                and apart.identifier_value = nodes.identifier_value
    {%- endcall -%}
    {%- call sojourn.scratch('identity_links') -%}
        select left_id as left_node, right_id as right_node from identity_edges
    {%- endcall -%}
    {%- call sojourn.scratch('identity_components') -%}
        select cast(null as bigint) as node, cast(null as bigint) as component where 1 = 0
    {%- endcall -%}
    {%- call sojourn.scratch('identity_demoted') -%}
        select cast(null as bigint) as node, cast(null as {{ sojourn.type_string() }}) as reason where 1 = 0
    {%- endcall -%}
{% endmacro %}


{% macro judged_identifiers(nodes, ledger) %}
    select
        numbered.identifier_type,
        numbered.identifier_value,
        first_value(ledger.anchored_person_id) over (
            partition by components.component
            order by
                ledger.recorded_at,
                ledger.first_loaded_at,
                numbered.tier,
                numbered.identifier_type,
                numbered.identifier_value
        ) as person_id,
        min(numbered.identifier_type || ':' || numbered.identifier_value) over (
            partition by coalesce(clusters.component, numbered.identifier_id)
        ) as cluster_id,
        demoted.node is not null as is_demoted,
        demoted.reason as status_reason,
        rules.rules,
        {{ sojourn.this_run() }} as changed_in
    from identity_components as components
    inner join identity_nodes as numbered on components.node = numbered.identifier_id
    inner join {{ ledger }} as ledger
        on
            numbered.identifier_type = ledger.identifier_type
            and numbered.identifier_value = ledger.identifier_value
    left join identity_clusters as clusters on components.node = clusters.node
    left join identity_demoted as demoted on components.node = demoted.node
    cross join (select max(rules) as rules from {{ nodes }}) as rules
{% endmacro %}


{% macro judge_tier(nodes, edges, tier) %}
    {%- set is_timed = run_query(
        'select count(*) from ' ~ nodes ~ ' where person_limit_days is not null and tier = ' ~ tier
    ).rows[0][0] | int > 0 -%}
    {%- call sojourn.scratch('tier_nodes') -%}
        select identifier_id as node, person_limit, person_limit_days
        from {{ nodes }} where tier = {{ tier }}
    {%- endcall -%}
    {#- A value of this tier and a component of stronger tiers that it touches. -#}
    {%- call sojourn.scratch('tier_cross') -%}
        select distinct touching.node, components.component
        from (
            select edges.left_id as node, edges.right_id as other from {{ edges }} as edges
            union all
            select edges.right_id as node, edges.left_id as other from {{ edges }} as edges
        ) as touching
        inner join tier_nodes on touching.node = tier_nodes.node
        inner join identity_components as components on touching.other = components.node
        where touching.other not in (select demoted.node from identity_demoted as demoted)
    {%- endcall -%}
    {%- call sojourn.scratch('tier_within') -%}
        select distinct edges.left_id as left_node, edges.right_id as right_node
        from {{ edges }} as edges
        inner join tier_nodes as lefts on edges.left_id = lefts.node
        inner join tier_nodes as rights on edges.right_id = rights.node
    {%- endcall -%}
    {#- What is limited, of stronger tiers by component, and of this tier. -#}
    {%- call sojourn.scratch('tier_values') -%}
        select
            components.component,
            limits.identifier_id,
            limits.limit_name,
            limits.most,
            limits.reason
        from identity_components as components
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
                    tier_values.identifier_id,
                    tier_values.most,
                    tier_values.reason
                from tier_cross
                inner join tier_values on tier_cross.component = tier_values.component
                union all
                select node, limit_name, node as identifier_id, most, reason
                from tier_limits
            ) as touched
            group by touched.node, touched.limit_name
            having count(distinct touched.identifier_id) > min(touched.most)
            union all
            select tier_cross.node, 'touches too many persons' as reason
            from tier_cross
            inner join tier_nodes on tier_cross.node = tier_nodes.node
            where tier_nodes.person_limit_days is null
            group by tier_cross.node
            having count(distinct tier_cross.component) > min(tier_nodes.person_limit)
            {%- if is_timed %}
            union all
            {{ sojourn.crowded_values(nodes, edges) }}
            {%- endif %}
        ) as conflicts
        group by node
    {%- endcall -%}

    {#- (2) Join, and (3) mend what breaks a limit: first without edges inside the tier, then
        without values that touch several components, and then without those that are too many. A
        node stands for itself, a stronger component for its smallest node, so both are numbers of
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
        {%- call sojourn.scratch('tier_broken') -%}
            select joined.component, counted.limit_name
            from (
                select component as node, limit_name, identifier_id, most from tier_values
                union all
                select node, limit_name, node as identifier_id, most from tier_limits
            ) as counted
            inner join tier_joined as joined on counted.node = joined.node
            group by joined.component, counted.limit_name
            having count(distinct counted.identifier_id) > min(counted.most)
        {%- endcall -%}
        {%- set state.broken = run_query('select count(*) from tier_broken').rows[0][0] | int -%}
        {%- if state.broken > 0 and attempt == 0 -%}
            {%- do sojourn.delete_scratch('tier_within', 'left_node in (
                select joined.node from tier_joined as joined
                inner join tier_broken on joined.component = tier_broken.component
            )') -%}
        {%- elif state.broken > 0 and attempt == 1 -%}
            {%- call sojourn.scratch_rows('identity_demoted') -%}
                select tier_cross.node, 'would join persons that break a limit' as reason
                from tier_cross
                inner join tier_joined as joined on tier_cross.node = joined.node
                inner join tier_broken on joined.component = tier_broken.component
                where tier_cross.node not in (select demoted.node from identity_demoted as demoted)
                group by tier_cross.node
                having count(distinct tier_cross.component) > 1
            {%- endcall -%}
        {%- elif state.broken > 0 and attempt == 2 -%}
            {%- call sojourn.scratch_rows('identity_demoted') -%}
                select tier_limits.node, min(tier_limits.reason) as reason
                from tier_limits
                inner join tier_joined as joined on tier_limits.node = joined.node
                inner join tier_broken
                    on
                        joined.component = tier_broken.component
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
        select tier_nodes.node, coalesce(joined.component, tier_nodes.node) as component
        from tier_nodes
        left join tier_joined as joined on tier_nodes.node = joined.node
    {%- endcall -%}
    {%- do sojourn.rename_scratch('identity_renamed', 'identity_components') -%}
    {%- do sojourn.drop_scratch([
        'tier_nodes', 'tier_cross', 'tier_within', 'tier_values', 'tier_limits', 'tier_joined', 'tier_edges', 'tier_broken',
    ]) -%}
{% endmacro %}


{# Values of this tier that touched more persons than their limit within a span of days that is
   shorter than their window. A touch lasts from the first to the last time that both were seen
   together. A window that ends at a time sees a touch from its beginning until the window has passed
   its end: where these times overlap, the touches meet in one window. #}
{% macro crowded_values(nodes, edges) %}
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
                                touching.first_seen_at,
                                {{ sojourn.days_after('touching.last_seen_at', 'tier_nodes.person_limit_days') }}
                                    as forgotten_at
                            from (
                                select left_id as node, right_id as other, first_seen_at, last_seen_at
                                from {{ edges }}
                                union all
                                select right_id as node, left_id as other, first_seen_at, last_seen_at
                                from {{ edges }}
                            ) as touching
                            inner join tier_nodes on touching.node = tier_nodes.node
                            inner join identity_components as components
                                on touching.other = components.node
                            where
                                tier_nodes.person_limit_days is not null
                                and touching.other not in (
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
