{# Materialization `identity_components`: judges identifiers tier by tier, strongest first, and
   writes one row per identifier: (identifier_id, component_id, is_demoted, status_reason).

   The model's SQL is ignored but for its references; it is configured with `nodes` and `edges`,
   names of models:
     nodes: identifier_id (bigint, numbered in random order), identifier_type, tier (1 = strongest),
            values_per_person (NULL: any number), person_limit (NULL: any number)
     edges: left_id, right_id

   For each tier: (1) a value is demoted when the stronger components that it touches may not be
   one person (a limited type would have too many values) or are more than its limit; (2) what is
   left joins; (3) where a component now breaks a limit, its edges between two values of this tier
   are dropped, and if that does not mend it, its values that touch more than one stronger
   component are demoted. The result depends on the set of observations, never on their order. #}
{% materialization identity_components, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set nodes = ref('sojourn', config.require('nodes')) -%}
    {%- set edges = ref('sojourn', config.require('edges')) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- for table in ['components', 'demoted'] -%}
        {%- do run_query('drop table if exists identity_' ~ table) -%}
    {%- endfor -%}
    {%- do run_query('create temporary table identity_components (node bigint, component bigint)') -%}
    {%- do run_query('create temporary table identity_demoted (node bigint, reason ' ~ sojourn.type_string() ~ ')') -%}

    {%- set tiers = run_query('select distinct tier from ' ~ nodes ~ ' order by tier').columns[0].values() -%}
    {%- for tier in tiers -%}
        {%- do sojourn.judge_tier(nodes, edges, tier) -%}
    {%- endfor -%}

    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
    {%- call statement('main') -%}
        create table {{ target_relation }} as
        select
            components.node as identifier_id,
            components.component as component_id,
            demoted.node is not null as is_demoted,
            demoted.reason as status_reason
        from identity_components as components
        left join identity_demoted as demoted on components.node = demoted.node
    {%- endcall -%}
    {%- for table in ['components', 'demoted'] -%}
        {%- do run_query('drop table if exists identity_' ~ table) -%}
    {%- endfor -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro judge_tier(nodes, edges, tier) %}
    {%- for table in ['tier_nodes', 'tier_cross', 'tier_within', 'tier_values', 'tier_joined', 'tier_edges', 'tier_broken'] -%}
        {%- do run_query('drop table if exists ' ~ table) -%}
    {%- endfor -%}

    {%- call statement('tier_nodes', auto_begin=False) -%}
        create temporary table tier_nodes as
        select identifier_id as node, identifier_type, values_per_person, person_limit
        from {{ nodes }} where tier = {{ tier }}
    {%- endcall -%}
    {#- A value of this tier and a component of stronger tiers that it touches. -#}
    {%- call statement('tier_cross', auto_begin=False) -%}
        create temporary table tier_cross as
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
    {%- call statement('tier_within', auto_begin=False) -%}
        create temporary table tier_within as
        select distinct edges.left_id as left_node, edges.right_id as right_node
        from {{ edges }} as edges
        inner join tier_nodes as lefts on edges.left_id = lefts.node
        inner join tier_nodes as rights on edges.right_id = rights.node
    {%- endcall -%}
    {#- Values of limited types, of stronger tiers by component. -#}
    {%- call statement('tier_values', auto_begin=False) -%}
        create temporary table tier_values as
        select components.component, nodes.identifier_type, nodes.identifier_id, nodes.values_per_person
        from identity_components as components
        inner join {{ nodes }} as nodes on components.node = nodes.identifier_id
        where
            nodes.values_per_person is not null
            and components.node not in (select demoted.node from identity_demoted as demoted)
    {%- endcall -%}

    {%- for table in ['tier_nodes', 'tier_cross', 'tier_within', 'tier_values', 'identity_demoted'] -%}
        {%- do sojourn.gather_statistics_now(table) -%}
    {%- endfor -%}

    {#- (1) Values that touch components which may not join. -#}
    {%- call statement('demote_conflicts', auto_begin=False) -%}
        insert into identity_demoted (node, reason)
        select node, min(reason)
        from (
            select touched.node, 'joins too many values of ' || touched.identifier_type as reason
            from (
                select tier_cross.node, tier_values.identifier_type, tier_values.identifier_id, tier_values.values_per_person
                from tier_cross
                inner join tier_values on tier_cross.component = tier_values.component
                union all
                select tier_nodes.node, tier_nodes.identifier_type, tier_nodes.node as identifier_id, tier_nodes.values_per_person
                from tier_nodes
                where tier_nodes.values_per_person is not null
            ) as touched
            group by touched.node, touched.identifier_type
            having count(distinct touched.identifier_id) > min(touched.values_per_person)
            union all
            select tier_cross.node, 'touches too many persons' as reason
            from tier_cross
            inner join tier_nodes on tier_cross.node = tier_nodes.node
            group by tier_cross.node
            having count(distinct tier_cross.component) > min(tier_nodes.person_limit)
        ) as conflicts
        group by node
    {%- endcall -%}

    {#- (2) Join, and (3) mend what breaks a limit: first without edges inside the tier, then
        without values that touch several components. A node stands for itself, a stronger
        component for its smallest node, so both are numbers of one kind. -#}
    {%- set state = namespace(broken=1) -%}
    {%- for attempt in range(3) -%}
        {%- if state.broken > 0 -%}
        {%- do run_query('drop table if exists tier_edges') -%}
        {%- call statement('tier_edges', auto_begin=False) -%}
            create temporary table tier_edges as
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
        {%- do sojourn.gather_statistics_now('tier_edges') -%}
        {%- do sojourn.connected_components('tier_edges', 'tier_joined') -%}
        {%- do run_query('drop table if exists tier_broken') -%}
        {%- call statement('tier_broken', auto_begin=False) -%}
            create temporary table tier_broken as
            select distinct broken.component
            from (
                select joined.component, counted.identifier_type
                from (
                    select component as node, identifier_type, identifier_id, values_per_person from tier_values
                    union all
                    select node, identifier_type, node as identifier_id, values_per_person from tier_nodes
                    where values_per_person is not null
                ) as counted
                inner join tier_joined as joined on counted.node = joined.node
                group by joined.component, counted.identifier_type
                having count(distinct counted.identifier_id) > min(counted.values_per_person)
            ) as broken
        {%- endcall -%}
        {%- set state.broken = run_query('select count(*) from tier_broken').rows[0][0] | int -%}
        {%- if state.broken > 0 and attempt == 0 -%}
            {%- call statement('drop_within', auto_begin=False) -%}
                delete from tier_within
                where left_node in (
                    select joined.node from tier_joined as joined
                    inner join tier_broken on joined.component = tier_broken.component
                )
            {%- endcall -%}
        {%- elif state.broken > 0 and attempt == 1 -%}
            {%- call statement('demote_bridges', auto_begin=False) -%}
                insert into identity_demoted (node, reason)
                select tier_cross.node, 'would join persons that break a limit' as reason
                from tier_cross
                inner join tier_joined as joined on tier_cross.node = joined.node
                inner join tier_broken on joined.component = tier_broken.component
                where tier_cross.node not in (select demoted.node from identity_demoted as demoted)
                group by tier_cross.node
                having count(distinct tier_cross.component) > 1
            {%- endcall -%}
        {%- endif -%}
        {%- endif -%}
    {%- endfor -%}

    {#- The stronger components take their new names, and this tier's values come in. -#}
    {%- do run_query('drop table if exists identity_renamed') -%}
    {%- call statement('renamed', auto_begin=False) -%}
        create temporary table identity_renamed as
        select components.node, coalesce(joined.component, components.component) as component
        from identity_components as components
        left join tier_joined as joined on components.component = joined.node
        union all
        select tier_nodes.node, coalesce(joined.component, tier_nodes.node) as component
        from tier_nodes
        left join tier_joined as joined on tier_nodes.node = joined.node
    {%- endcall -%}
    {%- do run_query('drop table identity_components') -%}
    {%- do run_query('alter table identity_renamed rename to identity_components') -%}
    {%- do sojourn.gather_statistics_now('identity_components') -%}
    {%- for table in ['tier_nodes', 'tier_cross', 'tier_within', 'tier_values', 'tier_joined', 'tier_edges', 'tier_broken'] -%}
        {%- do run_query('drop table if exists ' ~ table) -%}
    {%- endfor -%}
{% endmacro %}
