{# `raw_table(source, table, columns)`: a raw table as staging may read it. Selects the columns (all
   text; NULL where the raw table lacks one) and the load's metadata, from complete loads that the
   raw gate accepted (see `requires_verdict`), known at `run_at()`. With `in_place`, the relation is
   a view of the connector `table`: no load can be rejected there, so that the latest verdict on the
   source decides over all of it. A source that is not loaded is an empty relation, so that the
   project works with one source or twenty. #}
{% macro raw_table(source, table, columns, in_place=false) -%}
    {%- set metadata = ['_file', '_line', '_row_id', '_loaded_at', '_dlt_load_id'] -%}
    {%- set types = {'_line': sojourn.type_bigint(), '_loaded_at': sojourn.type_timestamp()} -%}
    {%- set schema = 'raw_' ~ source -%}
    {%- set relation = adapter.get_relation(target.database, schema, table) if execute else none -%}
    {%- set found = [] -%}
    {%- if relation is not none -%}
        {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- endif -%}
    select
    {%- for column in columns + metadata %}
        {%- set type = types.get(column, sojourn.type_string()) %}
        {% if column in found -%}
            cast({{ relation }}.{{ adapter.quote(column) }} as {{ type }}) as {{ adapter.quote(column) if column.startswith('_') or column in ('timestamp', 'type', 'name', 'group', 'user') else column }}
        {%- else -%}
            cast(null as {{ type }}) as {{ adapter.quote(column) if column.startswith('_') or column in ('timestamp', 'type', 'name', 'group', 'user') else column }}
        {%- endif -%}
        {{ ',' if not loop.last }}
    {%- endfor %}
    {% if relation is none -%}
    from (select 1 as nothing) as nowhere
    where 1 = 0
    {%- else -%}
    {%- set loads = adapter.get_relation(target.database, schema, '_dlt_loads') -%}
    {%- set rejected = adapter.get_relation(target.database, schema, 'rejected_loads') -%}
    {%- set verdicts = adapter.get_relation(target.database, 'raw_gate', 'results') -%}
    from {{ relation }}
    where
        ({{ relation }}._loaded_at is null or {{ relation }}._loaded_at <= {{ sojourn.run_at() }})
        {%- if loads is not none %}
        and (
            {{ relation }}._dlt_load_id is null
            or {{ relation }}._dlt_load_id in (
                select loads.load_id from {{ loads }} as loads where loads.status = 0
                {%- if rejected is not none %}
                and loads.load_id not in (select rejected.load_id from {{ rejected }} as rejected)
                {%- endif %}
                {%- if sojourn.requires_verdict() %}
                and {{ sojourn.has_verdict(verdicts, source, 'loads.load_id') }}
                {%- endif %}
            )
        )
        {%- endif %}
        {%- if in_place and verdicts is not none %}
        and not exists (
            select 1 from {{ verdicts }} as verdicts
            where
                verdicts.source = '{{ source }}'
                and verdicts.load_id is null
                and verdicts.severity = 'critical'
                and not verdicts.success
        )
        {%- endif %}
        {%- if in_place and sojourn.requires_verdict() %}
        and {{ sojourn.has_verdict(verdicts, source) }}
        {%- endif %}
    {%- endif %}
{%- endmacro %}

{# Whether what nobody has judged stays unread, by the var `require_gate`: `when_used` (the default)
   means from the raw gate's first use on, and before it there are no verdicts to ask for. What the
   gate rejected is never read, whatever the var says. #}
{% macro requires_verdict() -%}
    {%- set wanted = var('require_gate') | string | lower -%}
    {%- if wanted not in ['when_used', 'true', 'false'] -%}
        {{ exceptions.raise_compiler_error("require_gate is '" ~ wanted ~ "': use when_used, true or false") }}
    {%- endif -%}
    {%- set is_used = (
        execute and adapter.get_relation(target.database, 'raw_gate', 'results') is not none
    ) -%}
    {{ return(wanted == 'true' or (wanted == 'when_used' and is_used)) }}
{%- endmacro %}

{# SQL: whether the gate has accepted a load of the source; without a load id, whether it has judged
   the source as it is read in place. #}
{% macro has_verdict(verdicts, source, load_id=none) -%}
    {%- if verdicts is none -%}
    1 = 0
    {%- elif load_id is none -%}
    exists (
        select 1 from {{ verdicts }} as verdicts
        where verdicts.source = '{{ source }}' and verdicts.load_id is null
    )
    {%- else -%}
    {{ load_id }} in (
        select verdicts.load_id from {{ verdicts }} as verdicts
        where verdicts.source = '{{ source }}' and verdicts.load_id is not null
        group by verdicts.load_id
        having sum(case when verdicts.severity = 'critical' and not verdicts.success then 1 else 0 end) = 0
    )
    {%- endif -%}
{%- endmacro %}

{# Say at the start of a run which sources hold what nobody has judged. #}
{% macro report_unjudged_loads() -%}
    {%- if execute and flags.WHICH in ['build', 'run'] and sojourn.requires_verdict() -%}
        {%- set verdicts = adapter.get_relation(target.database, 'raw_gate', 'results') -%}
        {%- set registry = adapter.get_relation(target.database, 'raw_registry', 'sources') -%}
        {%- set queries = [] -%}
        {%- if registry is not none -%}
            {%- for source, schema, connector in run_query(
                'select distinct source, raw_schema, connector from ' ~ registry ~ ' order by source'
            ).rows -%}
                {%- set loads = adapter.get_relation(target.database, schema, '_dlt_loads') -%}
                {%- if connector == 'table' -%}
                    {%- do queries.append(
                        "select '" ~ source ~ "' as source where not "
                        ~ sojourn.has_verdict(verdicts, source)
                    ) -%}
                {%- elif loads is not none -%}
                    {%- do queries.append(
                        "select distinct '" ~ source ~ "' as source from " ~ loads
                        ~ ' as loads where loads.status = 0 and loads.load_id not in ('
                        ~ ('select load_id from ' ~ verdicts ~ ' where load_id is not null'
                            if verdicts is not none else "''") ~ ')'
                    ) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endif -%}
        {%- set waiting = run_query(queries | join(' union all ')).columns[0].values() if queries else [] -%}
        {%- if waiting -%}
            {%- do log(
                'The raw gate has not judged all of ' ~ waiting | sort | join(', ')
                ~ ': what is new there is not read. Run `sojourn gate`.', info=true
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# `input_models('orders')`: the models that feed an entity, `orders_from_<source>` of every source in
   the list `inputs`, here or in the project that uses this one as a package. #}
{% macro input_models(entity) -%}
    {%- set sources = var('inputs').get(entity) -%}
    {%- if not sources -%}
        {{ exceptions.raise_compiler_error(
            "The var `inputs` names no source of " ~ entity ~ ": take its list from Sojourn's dbt_project.yml"
            ~ " and add to it. A source that is not loaded is an empty relation."
        ) }}
    {%- endif -%}
    {{ return(sources) }}
{%- endmacro %}

{# The columns of an entity's input models, which stand in their contract. #}
{% macro input_columns(entity) -%}
    {%- set found = [] -%}
    {%- if execute and graph -%}
        {%- for node in graph.nodes.values() | sort(attribute='name')
            if node.resource_type == 'model' and node.package_name == 'sojourn'
            and node.name.startswith(entity ~ '_from_') and not found -%}
            {%- do found.extend(node.columns) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found or ['*']) }}
{%- endmacro %}

{# `union_inputs('orders')`: the rows of an entity's input models. #}
{% macro union_inputs(entity) -%}
    {%- set columns = sojourn.input_columns(entity) | join(', ') -%}
    {%- for source in sojourn.input_models(entity) %}
    select {{ columns }} from {{ ref(entity ~ '_from_' ~ source) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
