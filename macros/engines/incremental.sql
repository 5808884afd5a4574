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
    {%- for source in var('inputs')[entity] %}
    select {{ columns }} from {{ ref('sojourn', entity ~ '_from_' ~ source) }}
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
   first column of `unique_key`, and a model returns the whole contents of the buckets that it
   touches (see `replacement` and `rewritten`), which are overwritten. #}
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
   nothing to mark. `keeps_unchanged` is for `replace_changed`. #}
{% macro replacement(rows, changed, key, keeps_unchanged=false) -%}
    {{ adapter.dispatch('replacement', 'sojourn')(rows, changed, key, keeps_unchanged) }}
{%- endmacro %}

{% macro default__replacement(rows, changed, key, keeps_unchanged) -%}
    {%- if is_incremental() -%}
    select *
    from {{ changed }}
    left join {{ rows }} using ({{ key }})
    {%- else -%}
    select * from {{ rows }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__replacement(rows, changed, key, keeps_unchanged) -%}
    {%- if sojourn.is_unit_test() -%}
    {{ sojourn.default__replacement(rows, changed, key, keeps_unchanged) }}
    {%- elif is_incremental() -%}
    {{ sojourn.complete_buckets(
        '(select * from ' ~ changed ~ ' left join ' ~ rows ~ ' using (' ~ key ~ '))',
        changed, keeps_unchanged
    ) }}
    {%- else -%}
    {{ sojourn.spark__rewritten(rows) }}
    {%- endif -%}
{%- endmacro %}

{# `rewritten('rows')`: what any other model that is not only added to returns. Its CTE `rows` says
   which keys are replaced; if a CTE `changed` says the same at less cost, name it, too. #}
{% macro rewritten(rows, changed=none, keeps_unchanged=false) -%}
    {{ adapter.dispatch('rewritten', 'sojourn')(rows, changed, keeps_unchanged) }}
{%- endmacro %}

{% macro default__rewritten(rows, changed=none, keeps_unchanged=false) -%}
    select * from {{ rows }}
{%- endmacro %}

{% macro spark__rewritten(rows, changed=none, keeps_unchanged=false) -%}
    {%- if sojourn.is_unit_test() -%}
    select * from {{ rows }}
    {%- elif is_incremental() -%}
    {{ sojourn.complete_buckets(rows, changed or rows, keeps_unchanged) }}
    {%- else -%}
    select
        *,
        {{ sojourn.bucket_of(sojourn.key_columns()[0]) }} as bucket
    from {{ rows }}
    {%- endif -%}
{%- endmacro %}

{# Unit tests look at what a model computes, not at what is written again with it. #}
{% macro is_unit_test() -%}
    {{ return(model.resource_type == 'unit_test') }}
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

{# All rows of the buckets that hold a key of `changed`: what the table has of other keys, and `rows`.
   A partition for which nothing is written is not overwritten: a key that has nothing left is
   therefore written as a mark, into the bucket -1, until `sweep_marks` takes it away. #}
{% macro complete_buckets(rows, changed, keeps_unchanged=false) -%}
    {%- set key, row_key = sojourn.key_columns() -%}
    {%- set columns = adapter.get_columns_in_relation(this)
        | map(attribute='quoted') | reject('equalto', '`bucket`') | list -%}
    {%- set compared = columns | reject('equalto', '`changed_in`') | list -%}
    select
        {% for column in columns -%}
        kept.{{ column }},
        {% endfor -%}
        added.* except ({{ columns | join(', ') }}),
        case
            when kept.bucket = {{ sojourn.bucket_of('kept.bucket_key') }} then kept.bucket
            else raise_error('{{ this }} has another number of buckets than spark_buckets: build it with --full-refresh')
        end as bucket
    from (
        select
            *,
            {{ key }} as bucket_key
        from {{ this }}
        where bucket >= 0
    ) as kept
    left semi join (
        select distinct {{ sojourn.bucket_of(key) }} as bucket
        from {{ changed }}
    ) as touched
        on kept.bucket = touched.bucket
    left anti join (
        select {{ key }} as bucket_key
        from {{ changed }}
    ) as replaced
        on kept.bucket_key = replaced.bucket_key
    left join {{ rows }} as added on false  -- only for columns that the table lacks

    union all

    select
        {% for column in columns -%}
        {% if keeps_unchanged and column == '`changed_in`' -%}
        case
            when
                struct({% for other in compared %}known.{{ other }}{{ ', ' if not loop.last }}{% endfor %})
                <=> struct({% for other in compared %}added.{{ other }}{{ ', ' if not loop.last }}{% endfor %})
                then known.changed_in
            else added.changed_in
        end as changed_in,
        {% else -%}
        added.{{ column }},
        {% endif -%}
        {% endfor -%}
        added.* except ({{ columns | join(', ') }}, bucket_key),
        case
            when added.{{ row_key }} is null then -1
            else {{ sojourn.bucket_of('added.bucket_key') }}
        end as bucket
    from (
        select
            *,
            {{ key }} as bucket_key
        from {{ rows }}
    ) as added
    {%- if keeps_unchanged %}
    left join {{ this }} as known on added.{{ row_key }} = known.{{ row_key }}
    {%- endif %}
{%- endmacro %}

{# Before and after such a model: take away the marks that it wrote, and the buckets that they stand
   for. A bucket that still holds a marked key was not overwritten, since all its keys are marked. #}
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
