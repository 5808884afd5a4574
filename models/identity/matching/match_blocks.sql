{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('delete+insert'),
    partition_by=sojourn.partition(),
    unique_key='block_id',
) }}

{%- set model = sojourn.match_model() %}

-- The blocks in which something changed since the last run: in a record, in the rules or the model.

with match_members as (

    select * from {{ ref('sojourn', 'match_members') }}

),

match_records as (

    select
        record_key,
        {{ sojourn.fingerprint(
            ['record_key'] + sojourn.match_columns() + ['stated_at', 'loaded_at']
        ) }} as fingerprint

    from {{ ref('sojourn', 'match_records') }}

),

blocks as (

    select
        match_members.block_id,
        match_members.rule,
        count(*) as record_count,
        cast(sum(match_records.fingerprint) as {{ sojourn.type_string() }})
        || ' {{ local_md5(var('matching') | string ~ (model['version'] if model else '')) }}'
            as fingerprint

    from match_members
    inner join match_records on match_members.record_key = match_records.record_key
    group by match_members.block_id, match_members.rule

),

-- A block that is empty now keeps a row.
changed_blocks as (

    {% if is_incremental() -%}
    select
        coalesce(blocks.block_id, blocks_kept.block_id) as block_id,
        coalesce(blocks.rule, blocks_kept.rule) as rule,
        cast(coalesce(blocks.record_count, 0) as {{ sojourn.type_bigint() }}) as record_count,
        blocks.fingerprint

    from blocks
    full outer join {{ this }} as blocks_kept on blocks.block_id = blocks_kept.block_id
    where blocks.fingerprint is distinct from blocks_kept.fingerprint
    {%- else -%}
    select
        block_id,
        rule,
        cast(record_count as {{ sojourn.type_bigint() }}) as record_count,
        fingerprint

    from blocks
    {%- endif %}

),

stamped as (

    select
        *,
        {{ sojourn.this_run() }} as changed_in

    from changed_blocks

)

{{ sojourn.rewritten('stamped') }}
