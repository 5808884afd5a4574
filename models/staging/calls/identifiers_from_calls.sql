with calls as (

    select * from {{ ref('sojourn', 'stg_calls__calls') }}
    where quarantine_reason is null

),

identifiers as (
    {% for identifier_type in ['loyalty_number', 'phone'] %}
    select
        call_id as record_id,
        'calls' as source,
        'call' as rule,
        '{{ identifier_type }}' as identifier_type,
        {{ identifier_type }} as identifier_value,
        load_id,
        started_at as observed_at,
        loaded_at

    from calls
    where {{ identifier_type }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from identifiers
