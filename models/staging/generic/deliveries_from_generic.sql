with deliveries as (

    select * from {{ ref('sojourn', 'stg_generic__deliveries') }}
    where quarantine_reason is null

),

identifier_entries as (

    {{ sojourn.select_json_entries(
        'deliveries', 'identifiers', 'identifier_type', 'identifier_value'
    ) }}

),

-- One identifier says whose it is: the strongest of those given.
ranked_identifiers as (

    select
        source_name,
        delivery_id,
        identifier_type,
        identifier_value,
        row_number() over (
            partition by source_name, delivery_id
            order by
                case identifier_type
                    when 'user_id' then 1
                    when 'email' then 3
                    when 'phone' then 4
                    when 'anonymous_id' then 5
                    when 'domain_userid' then 5
                    else 2
                end,
                identifier_type,
                identifier_value
        ) as strength

    from identifier_entries
    where identifier_value is not null

),

mapped as (

    select
        deliveries.source_name || ':' || deliveries.delivery_id as delivery_key,
        deliveries.source_name as source,
        deliveries.kind,
        coalesce(deliveries.channel, 'email') as channel,
        ranked_identifiers.identifier_type,
        ranked_identifiers.identifier_value,
        deliveries.campaign,
        deliveries.campaign_id,
        deliveries.url,
        false as is_machine,
        deliveries.load_id,
        deliveries.delivered_at as occurred_at,
        deliveries.loaded_at

    from deliveries
    left join ranked_identifiers
        on
            deliveries.source_name = ranked_identifiers.source_name
            and deliveries.delivery_id = ranked_identifiers.delivery_id
            and ranked_identifiers.strength = 1

)

select * from mapped
