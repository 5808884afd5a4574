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
        {%- set last = run_query('select max(changed_in) from ' ~ this).rows[0][0] -%}
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
   time; of equal times the smallest and the largest value. Neither may be NULL in all rows. #}
{% macro first_by(value, at) -%}
    {{ adapter.dispatch('ordered_by', 'sojourn')('min', value, at) }}
{%- endmacro %}

{% macro last_by(value, at) -%}
    {{ adapter.dispatch('ordered_by', 'sojourn')('max', value, at) }}
{%- endmacro %}

{% macro default__ordered_by(aggregate, value, at) -%}
    {{ aggregate }}(struct({{ at }} as at, {{ value }} as value)).value
{%- endmacro %}

{% macro duckdb__ordered_by(aggregate, value, at) -%}
    ({{ aggregate }}({'at': {{ at }}, 'value': {{ value }}})).value
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

{# `replacement('rows', 'changed_devices', 'device_key')`: what a model of the strategy `replace`
   returns: the rows of the CTE `rows` for the keys in the CTE `changed_devices`, and a row that is
   empty but for its key for each key that has none. On a full build there is nothing to mark. #}
{% macro replacement(rows, changed, key) -%}
    {%- if is_incremental() -%}
    select *
    from {{ changed }}
    left join {{ rows }} using ({{ key }})
    {%- else -%}
    select * from {{ rows }}
    {%- endif -%}
{%- endmacro %}
