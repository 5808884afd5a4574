with lines as (

    select * from {{ ref('sojourn', 'pos_lines_deduplicated') }}

),

receipts as (

    select
        receipt_id,
        loyalty_number,
        email,
        load_id,
        min(sold_at) as sold_at,
        min(loaded_at) as loaded_at

    from lines
    group by receipt_id, loyalty_number, email, load_id

),

identifiers as (
    {% for identifier_type in ['loyalty_number', 'email'] %}
    select
        receipt_id as record_id,
        'pos' as source,
        'receipt' as rule,
        '{{ identifier_type }}' as identifier_type,
        {{ identifier_type }} as identifier_value,
        load_id,
        sold_at as observed_at,
        loaded_at

    from receipts
    where {{ identifier_type }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from identifiers
