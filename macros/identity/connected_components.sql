{# `connected_components(edges, labels)`: writes scratch table `labels` (node, component) for the
   nodes of scratch table `edges` (left_node, right_node; bigint, no loops); a component is named
   after its smallest node. Each round every node takes its smallest neighbour as parent and the
   edges are contracted to the parents, until none is left; the labels are then composed backwards.
   Node numbers must be in random order: a round then removes about two thirds of the nodes of a
   chain (in sequential order it would remove two). #}
{% macro connected_components(edges, labels) %}
    {%- set rounds = [] -%}
    {%- set current = namespace(edges=edges, left=1) -%}
    {%- for round in range(1000) -%}
        {%- if current.left > 0 -%}
        {%- set parents = labels ~ '_parents_' ~ round -%}
        {%- set contracted = labels ~ '_edges_' ~ round -%}
        {%- call sojourn.scratch(parents) -%}
            select
                node,
                min(parent) as parent
            from (
                select left_node as node, least(left_node, right_node) as parent
                from {{ current.edges }}
                union all
                select right_node as node, least(left_node, right_node) as parent
                from {{ current.edges }}
            ) as neighbours
            group by node
        {%- endcall -%}
        {%- call sojourn.scratch(contracted) -%}
            select distinct
                least(lefts.parent, rights.parent) as left_node,
                greatest(lefts.parent, rights.parent) as right_node
            from {{ current.edges }} as edges
            inner join {{ parents }} as lefts on edges.left_node = lefts.node
            inner join {{ parents }} as rights on edges.right_node = rights.node
            where lefts.parent <> rights.parent
        {%- endcall -%}
        {%- do rounds.append([parents, contracted]) -%}
        {%- set current.edges = contracted -%}
        {%- set current.left = run_query('select count(*) from ' ~ contracted).rows[0][0] | int -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if current.left > 0 -%}
        {%- do exceptions.raise_compiler_error('Connected components did not converge in 1000 rounds.') -%}
    {%- endif -%}
    {%- set composed = namespace(labels=none) -%}
    {%- for parents, contracted in rounds | reverse -%}
        {%- set step = labels if loop.last else labels ~ '_step_' ~ loop.index -%}
        {%- call sojourn.scratch(step) -%}
            select
                parents.node,
                {% if composed.labels is none -%}
                parents.parent as component
            from {{ parents }} as parents
                {%- else -%}
                coalesce(later.component, parents.parent) as component
            from {{ parents }} as parents
            left join {{ composed.labels }} as later on parents.parent = later.node
                {%- endif %}
        {%- endcall -%}
        {%- do sojourn.drop_scratch([parents, contracted]) -%}
        {%- if composed.labels is not none -%}{%- do sojourn.drop_scratch([composed.labels]) -%}{%- endif -%}
        {%- set composed.labels = step -%}
    {%- endfor -%}
{% endmacro %}
