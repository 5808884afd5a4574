select
    flyer as touchpoint_key,
    'till' as source,
    'flyer' as kind,
    'email' as identifier_type,
    email as identifier_value,
    channel,
    cast(null as {{ sojourn.type_string() }}) as utm_source,
    cast(null as {{ sojourn.type_string() }}) as utm_medium,
    cast(null as {{ sojourn.type_string() }}) as campaign,
    cast(null as {{ sojourn.type_string() }}) as campaign_id,
    cast(null as {{ sojourn.type_string() }}) as click_id,
    false as is_machine,
    cast(null as {{ sojourn.type_string() }}) as load_id,
    cast(given_at as {{ sojourn.type_timestamp() }}) as touched_at,
    cast(given_at as {{ sojourn.type_timestamp() }}) as loaded_at

from {{ ref('till_flyers') }}
