with orders as (

    select * from {{ ref('sojourn', 'stg_shopify__orders') }}
    where
        is_order_row
        and quarantine_reason is null

),

identifiers as (
    {% for identifier_type in ['user_id', 'email', 'phone'] %}
    select
        order_id as record_id,
        'shopify' as source,
        'order' as rule,
        '{{ identifier_type }}' as identifier_type,
        {{ identifier_type }} as identifier_value,
        load_id,
        ordered_at as observed_at,
        loaded_at

    from orders
    where {{ identifier_type }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from identifiers
