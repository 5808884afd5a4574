{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['pair_id', 'left_key'],
    pre_hook="{{ sojourn.create_edit_distance() }}",
) }}

{%- set model = sojourn.match_model() %}
{%- set matching = var('matching') %}
{%- set columns = sojourn.match_columns() if model else [] %}

-- Pairs of records that agree in a block, with the probability that they are one person.

with match_blocks as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'match_blocks') }}

),

-- Too many records agree in a large block for it to say much, and for comparing each pair.
match_members as {{ sojourn.inline() }} (

    select
        match_members.block_id,
        match_members.record_key,
        match_blocks.changed_in

    from {{ ref('sojourn', 'match_members') }} as match_members
    inner join match_blocks on match_members.block_id = match_blocks.block_id
    where match_blocks.record_count <= {{ matching['largest_block'] }}

),

{% for column in columns -%}
{{ column }}_frequencies as (

    select
        value,
        max(frequency) as frequency

    from {{ this.include(identifier=false) }}.match_frequencies
    where
        model_version = '{{ model['version'] }}'
        and comparison = '{{ column }}'
    group by value

),

{% endfor -%}
-- What it says that two records share a value, beside what it says of any value: in bits.
match_records as {{ sojourn.inline() }} (

    select
        {% for column in columns if column in model['exact'] -%}
        ln(
            {{ sojourn.double_literal(model['exact'][column]) }} / coalesce(
                {{ column }}_frequencies.frequency,
                {{ sojourn.double_literal(model['rarest'][column]) }}
            )
        ) / ln(cast(2 as {{ sojourn.type_double() }})) as {{ column }}_bits,
        {% endfor -%}
        match_records.*

    from {{ ref('sojourn', 'match_records') }} as match_records
    {%- for column in columns if column in model['exact'] %}
    left join {{ column }}_frequencies on match_records.{{ column }} = {{ column }}_frequencies.value
    {%- endfor %}

),

{% if is_incremental() -%}
kept as {{ sojourn.inline() }} (

    select * from {{ this }}

),
{%- endif %}

affected as (

    select
        lefts.record_key as left_key,
        rights.record_key as right_key

    from match_members as lefts
    inner join match_members as rights
        on
            lefts.block_id = rights.block_id
            and lefts.record_key < rights.record_key
    {%- if not model %}
    where 1 = 0
    {%- elif is_incremental() %}
    where lefts.changed_in > {{ sojourn.last_run() }}
    {%- endif %}

    union

    {% if is_incremental() -%}
    select
        kept.left_key,
        kept.right_key

    from kept
    inner join match_blocks on kept.block_id = match_blocks.block_id
    where
        not kept.is_removed
        and match_blocks.changed_in > {{ sojourn.last_run() }}
    {%- else -%}
    select
        cast(null as {{ sojourn.type_string() }}) as left_key,
        cast(null as {{ sojourn.type_string() }}) as right_key
    where 1 = 0
    {%- endif %}

),

blocked as (

    select
        affected.left_key,
        affected.right_key,
        min(lefts.block_id) as block_id

    from affected
    inner join match_members as lefts on affected.left_key = lefts.record_key
    inner join match_members as rights
        on
            affected.right_key = rights.record_key
            and lefts.block_id = rights.block_id
    group by affected.left_key, affected.right_key

),

weighed as (

    select
        {{ sojourn.hash_id(['blocked.left_key', 'blocked.right_key']) }} as pair_id,
        blocked.block_id,
        blocked.left_key,
        blocked.right_key,
        lefts.source as left_source,
        lefts.identifier_type as left_type,
        lefts.identifier_value as left_value,
        rights.source as right_source,
        rights.identifier_type as right_type,
        rights.identifier_value as right_value,
        {% for column in columns if column in model['weights'] -%}
        {{ sojourn.match_weight(
            model, column, 'lefts.' ~ column, 'rights.' ~ column, 'lefts.' ~ column ~ '_bits'
        ) }}
        + {% endfor -%}
        {{ sojourn.double_literal(model['prior'] if model else 0) }} as match_weight,
        greatest(lefts.stated_at, rights.stated_at) as stated_at,
        greatest(lefts.loaded_at, rights.loaded_at) as loaded_at

    from blocked
    inner join match_records as lefts on blocked.left_key = lefts.record_key
    inner join match_records as rights on blocked.right_key = rights.record_key
    where
        (
            lefts.identifier_type <> rights.identifier_type
            or lefts.identifier_value <> rights.identifier_value
        )
        and (
            lefts.source <> rights.source
            or lefts.source not in (
                {%- for source in matching['duplicate_free'] or [''] -%}
                {{ sojourn.text_literal(source) }}{{ ', ' if not loop.last }}
                {%- endfor -%}
            )
        )

),

scored as (

    select
        *,
        1 / (1 + power(cast(2 as {{ sojourn.type_double() }}), -match_weight)) as score

    from weighed

),

pairs as (

    select
        *,
        false as is_removed,
        {{ sojourn.this_run() }} as changed_in

    from scored
    where score >= {{ sojourn.double_literal(matching['review_at']) }}

    {% if is_incremental() -%}
    union all

    -- A pair that is no more is kept as removed, since what it joined must be judged anew.
    select
        kept.pair_id,
        kept.block_id,
        kept.left_key,
        kept.right_key,
        kept.left_source,
        kept.left_type,
        kept.left_value,
        kept.right_source,
        kept.right_type,
        kept.right_value,
        kept.match_weight,
        kept.stated_at,
        kept.loaded_at,
        kept.score,
        true as is_removed,
        {{ sojourn.this_run() }} as changed_in

    from kept
    inner join affected
        on
            kept.left_key = affected.left_key
            and kept.right_key = affected.right_key
    left join scored
        on
            kept.pair_id = scored.pair_id
            and scored.score >= {{ sojourn.double_literal(matching['review_at']) }}
    where
        not kept.is_removed
        and scored.pair_id is null
    {%- endif %}

)

{{ sojourn.rewritten('pairs') }}
