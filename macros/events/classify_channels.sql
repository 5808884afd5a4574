{# `classify_channels(sources)`: CTEs that give each row of the CTE `sources` (columns traffic_source,
   traffic_medium, traffic_campaign) the matching rules of the seed channel_rules, and end in the
   CTE `channel_matches` (the three columns, priority, channel, valid_from, valid_to). All matching
   is done on distinct combinations; the caller takes the smallest priority valid on the day. #}
{% macro classify_channels(sources) %}
channel_rules as (

    select * from {{ ref('channel_rules') }}

),

source_categories as (

    select * from {{ ref('source_categories') }}

),

traffic_combinations as (

    select distinct
        traffic_source,
        traffic_medium,
        traffic_campaign

    from {{ sources }}

),

-- The category of a source: by its name or by its host, with or without a subdomain.
traffic_categories as (

    select
        traffic_combinations.traffic_source,
        min(source_categories.source_category) as source_category

    from (select distinct traffic_source from traffic_combinations) as traffic_combinations
    inner join source_categories
        on
            traffic_combinations.traffic_source = source_categories.source
            or (
                traffic_combinations.traffic_source like '%.%'
                and traffic_combinations.traffic_source like '%.' || source_categories.source
            )
    group by traffic_combinations.traffic_source

),

channel_matches as (

    select
        traffic_combinations.traffic_source,
        traffic_combinations.traffic_medium,
        traffic_combinations.traffic_campaign,
        channel_rules.priority,
        channel_rules.channel,
        channel_rules.valid_from,
        channel_rules.valid_to

    from traffic_combinations
    left join traffic_categories
        on traffic_combinations.traffic_source = traffic_categories.traffic_source
    inner join channel_rules
        on
            (
                channel_rules.source_pattern is null
                or {{ sojourn.regexp_like('traffic_combinations.traffic_source', 'channel_rules.source_pattern') }}
            )
            and (
                channel_rules.medium_pattern is null
                or {{ sojourn.regexp_like('traffic_combinations.traffic_medium', 'channel_rules.medium_pattern') }}
            )
            and (
                channel_rules.campaign_pattern is null
                or {{ sojourn.regexp_like('traffic_combinations.traffic_campaign', 'channel_rules.campaign_pattern') }}
            )
            and (
                channel_rules.source_category is null
                or channel_rules.source_category = traffic_categories.source_category
            )

)
{% endmacro %}
