{# The start of this dbt run, as a timestamp: orders runs after each other. Incremental tables keep
   it as `changed_in`, and a table that reads them takes what changed after its own last run, so
   that a run that was cut short is made good by the next. It is not event time: see run_at(). #}
{% macro this_run() -%}
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") if execute else "1970-01-01 00:00:00" }}' as {{ sojourn.type_timestamp() }})
{%- endmacro %}

{# The last run that changed this table, as a literal, so that engines can skip what is older. #}
{% macro last_run() -%}
    {%- set last = none -%}
    {%- if execute and is_incremental() -%}
        {%- set last = run_query(
            'select cast(max(changed_in) as ' ~ sojourn.type_string() ~ ') from ' ~ this
        ).rows[0][0] -%}
    {%- endif -%}
    cast('{{ last or "1970-01-01 00:00:00" }}' as {{ sojourn.type_timestamp() }})
{%- endmacro %}

{# `union_new_inputs('events', columns)`: rows of `events_from_<source>` of every source in the list
   `inputs` whose load this incremental table has not read. Loads of one source follow each other,
   so the last load id kept for a source bounds what was read; rows without a load id are read in
   place and come again. #}
{% macro union_new_inputs(entity, columns) -%}
    {%- set seen = [] -%}
    {%- if execute and is_incremental() -%}
        {%- set seen = run_query('select source, max(load_id) from ' ~ this ~ ' where load_id is not null group by source').rows -%}
    {%- endif -%}
    {%- for source in sojourn.input_models(entity) %}
    select {{ columns }} from {{ ref(entity ~ '_from_' ~ source) }}
    {%- if seen %}
    where
        load_id is null
        {%- for row in seen %}
        or (source = '{{ row[0] }}' and load_id > '{{ row[1] }}')
        {%- endfor %}
        or source not in (
            {%- for row in seen %}'{{ row[0] }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# `first_by(value, at)`, `last_by(value, at)`: aggregates, the value at the earliest and the latest
   time; of equal times the smallest and the largest value. Rows in which either is NULL do not count. #}
{% macro first_by(value, at) -%}
    {{ adapter.dispatch('ordered_by', 'sojourn')('min', value, at) }}
{%- endmacro %}

{% macro last_by(value, at) -%}
    {{ adapter.dispatch('ordered_by', 'sojourn')('max', value, at) }}
{%- endmacro %}

{% macro default__ordered_by(aggregate, value, at) -%}
    {{ aggregate }}(
        case
            when {{ at }} is not null and {{ value }} is not null
                then struct({{ at }} as at, {{ value }} as value)
        end
    ).value
{%- endmacro %}

{% macro duckdb__ordered_by(aggregate, value, at) -%}
    (
        {{ aggregate }}({'at': {{ at }}, 'value': {{ value }}})
        filter (where {{ at }} is not null and {{ value }} is not null)
    ).value
{%- endmacro %}

{% macro postgres__ordered_by(aggregate, value, at) -%}
    substr({{ aggregate }}(to_char({{ at }}, 'YYYYMMDDHH24MISSUS') || {{ value }} collate "C"), 21)
{%- endmacro %}

{# Incremental strategy `replace`, for tables that are made anew a whole key at a time:
   `unique_key=['device_key', 'event_key']` deletes the rows of every device that the model returns
   and adds what it returns, but for rows without an event_key: they only mark that the device has
   been judged and may have nothing left. #}
{% macro get_incremental_replace_sql(arg_dict) -%}
    {%- set key, row_key = arg_dict['unique_key'][0], arg_dict['unique_key'][-1] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ key }} in (select {{ key }} from {{ arg_dict['temp_relation'] }});

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
    where {{ row_key }} is not null
{%- endmacro %}

{# Incremental strategy `replace_changed`: the same for tables whose rows have a key of their own, the
   last of `unique_key`. A row that is as it was keeps its place and its `changed_in`: of a device
   with a year of events and one new one, one row is written, and one is news to what reads it. #}
{% macro get_incremental_replace_changed_sql(arg_dict) -%}
    {%- set key, row_key = arg_dict['unique_key'][0], arg_dict['unique_key'][-1] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set kept = arg_dict['target_relation'].identifier ~ '__kept' -%}
    drop table if exists {{ kept }};

    create temporary table {{ kept }} as
    select replaced.{{ row_key }} as row_key
    from {{ arg_dict['target_relation'] }} as replaced
    inner join {{ arg_dict['temp_relation'] }} as replacing
        on replaced.{{ row_key }} = replacing.{{ row_key }}
    where
        1 = 1
        {%- for column in arg_dict['dest_columns'] if column.name | lower != 'changed_in' %}
        and replaced.{{ column.quoted }} is not distinct from replacing.{{ column.quoted }}
        {%- endfor %};

    delete from {{ arg_dict['target_relation'] }}
    where
        {{ key }} in (select {{ key }} from {{ arg_dict['temp_relation'] }})
        and not exists (
            select 1 from {{ kept }} as kept
            where kept.row_key = {{ arg_dict['target_relation'] }}.{{ row_key }}
        );

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }} as replacing
    where
        replacing.{{ row_key }} is not null
        and not exists (
            select 1 from {{ kept }} as kept
            where kept.row_key = replacing.{{ row_key }}
        );

    drop table {{ kept }}
{%- endmacro %}

{# `strategy('replace')`: the incremental strategy by that name. Spark has neither DELETE nor MERGE on
   Parquet: there every table that is not only added to is partitioned by `bucket`, a hash of the
   first column of `unique_key`, and the buckets that hold a key which the model returns are
   overwritten: see `overwrite_buckets`. #}
{% macro strategy(name) -%}
    {{ return(adapter.dispatch('strategy', 'sojourn')(name)) }}
{%- endmacro %}

{% macro default__strategy(name) -%}
    {{ return(name) }}
{%- endmacro %}

{% macro spark__strategy(name) -%}
    {{ return('insert_overwrite') }}
{%- endmacro %}

{# What `partition_by` of such a model is. #}
{% macro partition() -%}
    {{ return(adapter.dispatch('partition', 'sojourn')()) }}
{%- endmacro %}

{% macro default__partition() -%}
    {{ return(none) }}
{%- endmacro %}

{% macro spark__partition() -%}
    {{ return('bucket') }}
{%- endmacro %}

{# `replacement('rows', 'changed_devices', 'device_key')`: what a model of the strategy `replace` or
   `replace_changed` returns: the rows of the CTE `rows` for the keys in the CTE `changed_devices`,
   and a row that is empty but for its key for each key that has none. On a full build there is
   nothing to mark. #}
{% macro replacement(rows, changed, key) -%}
    {%- if is_incremental() -%}
    select *
    from {{ changed }}
    left join {{ rows }} using ({{ key }})
    {%- else -%}
    {{ sojourn.rewritten(rows) }}
    {%- endif -%}
{%- endmacro %}

{# `rewritten('rows')`: what any other model that is not only added to returns. #}
{% macro rewritten(rows) -%}
    {{ adapter.dispatch('rewritten', 'sojourn')(rows) }}
{%- endmacro %}

{% macro default__rewritten(rows) -%}
    select * from {{ rows }}
{%- endmacro %}

{# The bucket is a table's last column; unit tests look at the others. #}
{% macro spark__rewritten(rows) -%}
    {%- if is_incremental() or model.resource_type == 'unit_test' -%}
    select * from {{ rows }}
    {%- else -%}
    select
        *,
        {{ sojourn.bucket_of(sojourn.key_columns()[0]) }} as bucket
    from {{ rows }}
    {%- endif -%}
{%- endmacro %}

{# The first and the last column of `unique_key`: the key that is replaced, and one that no row lacks. #}
{% macro key_columns() -%}
    {%- set key = config.get('unique_key') or [''] -%}
    {{ return([key, key] if key is string else [key[0], key[-1]]) }}
{%- endmacro %}

{# The partition of a key. #}
{% macro bucket_of(key) -%}
    cast(pmod(xxhash64({{ key }}), {{ var('spark_buckets') }}) as int)
{%- endmacro %}

{# In place of dbt-spark's macro of this name for tables in buckets. #}
{% macro get_insert_overwrite_sql(source_relation, target_relation, existing_relation) -%}
    {%- if config.get('partition_by') == 'bucket' -%}
    {{ sojourn.overwrite_buckets(target_relation, 'select * from ' ~ source_relation) }}
    {%- else -%}
    {{ dbt_spark.get_insert_overwrite_sql(source_relation, target_relation, existing_relation) }}
    {%- endif -%}
{%- endmacro %}

{# `overwrite_buckets(table, sql)`: the statement that replaces the table's rows of every key that the
   query returns by those that it returns. The query runs once, into a scratch table, which
   `sweep_marks` takes away afterwards; the statement overwrites the buckets of its keys by it and by
   what they hold of other keys. A partition for which nothing is written is not overwritten: a key
   that has nothing left is therefore written as a mark, into the bucket -1. #}
{% macro overwrite_buckets(table, sql) -%}
    {%- set key, row_key = sojourn.key_columns() -%}
    {%- set rows = this.identifier ~ '__rows' -%}
    {%- call sojourn.scratch(rows) -%}
    select
        *,
        {{ key }} as bucket_key,
        {{ sojourn.bucket_of(key) }} as bucket
    from ({{ sql }}) as found
    {%- endcall -%}
    {%- set touched = run_query('select distinct bucket from ' ~ rows ~ ' order by bucket').columns[0].values() -%}
    {%- if not touched -%}
    select 0 as touched
    {%- else -%}
    {%- set columns = adapter.get_columns_in_relation(table)
        | map(attribute='quoted') | reject('equalto', '`bucket`') | list -%}
    {#- The strategy that the model asked for: its configuration names Spark's. #}
    {%- set keeps_unchanged = "strategy('replace_changed')" in model.raw_code -%}
    insert overwrite table {{ table }} partition (bucket)
    select
        {% for column in columns -%}
        kept.{{ column }},
        {% endfor -%}
        case
            when kept.bucket = {{ sojourn.bucket_of('kept.bucket_key') }} then kept.bucket
            else raise_error('{{ table }} has another number of buckets than spark_buckets: build it with --full-refresh')
        end as bucket
    from (
        select
            *,
            {{ key }} as bucket_key
        from {{ table }}
        where bucket in ({{ touched | join(', ') }})
    ) as kept
    left anti join {{ rows }} as replaced
        on kept.bucket_key = replaced.bucket_key

    union all

    select
        {% for column in columns -%}
        {% if keeps_unchanged and column == '`changed_in`' -%}
        case
            when
                struct({% for other in columns if other != column %}known.{{ other }}{{ ', ' if not loop.last }}{% endfor %})
                <=> struct({% for other in columns if other != column %}added.{{ other }}{{ ', ' if not loop.last }}{% endfor %})
                then known.changed_in
            else added.changed_in
        end as changed_in,
        {% else -%}
        added.{{ column }},
        {% endif -%}
        {% endfor -%}
        case when added.{{ row_key }} is null then -1 else added.bucket end as bucket
    from {{ rows }} as added
    {%- if keeps_unchanged %}
    left join {{ table }} as known
        on
            added.{{ row_key }} = known.{{ row_key }}
            and known.bucket in ({{ touched | join(', ') }})
    {%- endif %}
    {%- endif -%}
{%- endmacro %}

{# Before and after such a model: take away its scratch tables, the marks that it wrote, and the
   buckets that they stand for. A bucket that still holds a marked key was not overwritten, since all
   its keys are marked. #}
{% macro sweep_marks() -%}
    {{ return(adapter.dispatch('sweep_marks', 'sojourn')()) }}
{%- endmacro %}

{% macro default__sweep_marks() -%}
    {{ return('') }}
{%- endmacro %}

{% macro spark__sweep_marks() -%}
    {%- set key = sojourn.key_columns()[0] -%}
    {%- set existing = load_cached_relation(this) if execute -%}
    {%- if config.get('partition_by') == 'bucket' and existing is not none and existing.is_table -%}
        {%- do sojourn.clear_scratch() -%}
        {%- if run_query('show partitions ' ~ this ~ ' partition (bucket = -1)').rows -%}
            {%- set keys = 'select distinct bucket, ' ~ key ~ ' as bucket_key from ' ~ this -%}
            {%- for row in run_query(
                'select distinct stale.bucket from (' ~ keys ~ ' where bucket >= 0) as stale'
                ~ ' inner join (' ~ keys ~ ' where bucket = -1) as marks'
                ~ ' on stale.bucket_key = marks.bucket_key'
            ).rows -%}
                {%- do run_query('alter table ' ~ this ~ ' drop partition (bucket = ' ~ row[0] ~ ')') -%}
            {%- endfor -%}
            {%- do run_query('alter table ' ~ this ~ ' drop partition (bucket = -1)') -%}
        {%- endif -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{# `overwrite(table, sql)`: puts the rows of the select, of the table's columns in their order, in the
   place of what the table holds. #}
{% macro overwrite(table, sql) -%}
    {{ return(adapter.dispatch('overwrite', 'sojourn')(table, sql)) }}
{%- endmacro %}

{% macro default__overwrite(table, sql) -%}
    {%- do run_query('delete from ' ~ table) -%}
    {%- do run_query('insert into ' ~ table ~ ' ' ~ sql) -%}
    {%- do sojourn.gather_statistics_now(table) -%}
{%- endmacro %}

{% macro spark__overwrite(table, sql) -%}
    {%- do run_query('insert overwrite table ' ~ table ~ ' ' ~ sql) -%}
{%- endmacro %}
