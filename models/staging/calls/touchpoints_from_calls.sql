-- Calls that we make are sends, and sends are not touches.
with incoming_calls as (

    select * from {{ ref('sojourn', 'stg_calls__calls') }}
    where
        coalesce(direction, 'inbound') <> 'outbound'
        and quarantine_reason is null

),

mapped as (

    select
        call_id as touchpoint_key,
        'calls' as source,
        'call' as kind,
        case
            when loyalty_number is not null then 'loyalty_number'
            when phone is not null then 'phone'
        end as identifier_type,
        coalesce(loyalty_number, phone) as identifier_value,
        -- Who names the code of a mailing calls because of the mailing.
        case when campaign_code is not null then 'Direct Mail' else 'Call Center' end as channel,
        cast(null as {{ sojourn.type_string() }}) as utm_source,
        cast(null as {{ sojourn.type_string() }}) as utm_medium,
        campaign_code as campaign,
        campaign_code as campaign_id,
        cast(null as {{ sojourn.type_string() }}) as click_id,
        false as is_machine,
        load_id,
        started_at as touched_at,
        loaded_at

    from incoming_calls

)

select * from mapped
