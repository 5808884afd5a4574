select
    'till' as source,
    'shop' as source_kind,
    cast(receipt as {{ sojourn.type_string() }}) as order_id,
    'till:' || receipt as record_id,
    'EUR' as currency,
    'paid' as status,
    cast(amount as {{ sojourn.type_money() }}) as gross_amount,
    cast(0 as {{ sojourn.type_money() }}) as tax_amount,
    cast(0 as {{ sojourn.type_money() }}) as shipping_amount,
    cast(0 as {{ sojourn.type_money() }}) as discount_amount,
    cast(0 as {{ sojourn.type_money() }}) as refunded_amount,
    cast(amount as {{ sojourn.type_money() }}) as net_amount,
    cast(null as {{ sojourn.type_string() }}) as load_id,
    cast(bought_at as {{ sojourn.type_timestamp() }}) as ordered_at,
    cast(null as {{ sojourn.type_timestamp() }}) as refunded_at,
    cast(bought_at as {{ sojourn.type_timestamp() }}) as observed_at,
    cast(bought_at as {{ sojourn.type_timestamp() }}) as loaded_at

from {{ ref('till_receipts') }}
