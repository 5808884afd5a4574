-- Put something into a cart in the last seven days, more than an hour ago, and did not order since.

with cart_events as (

    select
        person_id,
        max(occurred_at) as last_cart_at

    from {{ ref('sojourn', 'events') }}
    where
        event_name in {{ sojourn.text_list(sojourn.cart_events()) }}
        and not is_bot
        and occurred_at > {{ sojourn.days_before(sojourn.run_at(), 7) }}
        and occurred_at <= {{ sojourn.minutes_after(sojourn.run_at(), -60) }}
    group by person_id

)

select
    cart_events.person_id,
    'Cart of ' || cast(cast(cart_events.last_cart_at as date) as {{ sojourn.type_string() }})
    || ' without an order since' as reason

from cart_events
inner join {{ ref('sojourn', 'profiles') }} as profiles
    on cart_events.person_id = profiles.person_id
where
    profiles.last_ordered_at is null
    or profiles.last_ordered_at < cart_events.last_cart_at
