with touchpoints as (

    select * from {{ ref('sojourn', 'stg_generic__touchpoints') }}
    where quarantine_reason is null

),

identifier_entries as (

    {{ sojourn.select_json_entries(
        'touchpoints', 'identifiers', 'identifier_type', 'identifier_value'
    ) }}

),

-- One identifier says whose it is: the strongest of those given.
ranked_identifiers as (

    select
        source_name,
        row_id,
        identifier_type,
        identifier_value,
        row_number() over (
            partition by source_name, row_id
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
        touchpoints.source_name || ':' || touchpoints.touchpoint_id as touchpoint_key,
        touchpoints.source_name as source,
        coalesce(touchpoints.kind, 'click') as kind,
        ranked_identifiers.identifier_type,
        ranked_identifiers.identifier_value,
        touchpoints.channel,
        touchpoints.utm_source,
        touchpoints.utm_medium,
        touchpoints.campaign,
        touchpoints.campaign_id,
        cast(null as {{ sojourn.type_string() }}) as click_id,
        false as is_machine,
        touchpoints.load_id,
        touchpoints.touched_at,
        touchpoints.loaded_at

    from touchpoints
    left join ranked_identifiers
        on
            touchpoints.source_name = ranked_identifiers.source_name
            and touchpoints.row_id = ranked_identifiers.row_id
            and ranked_identifiers.strength = 1

)

select * from mapped
