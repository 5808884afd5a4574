-- What a source delivered is mapped to the platform's inputs or quarantined with a reason: nothing
-- is lost on the way, and nothing appears from nowhere.

{% set paths = [
    ('segment', 'events', 'stg_segment__events', ['events_from_segment']),
    ('snowplow', 'events', 'stg_snowplow__events', ['events_from_snowplow']),
    ('salesforce', 'accounts', 'stg_salesforce__accounts', ['accounts_from_salesforce']),
    ('hubspot', 'contacts', 'stg_hubspot__contacts', ['people_from_hubspot']),
    ('hubspot', 'email_events', 'stg_hubspot__email_events', ['deliveries_from_hubspot']),
    ('google_ads', 'campaign_performance', 'stg_google_ads__campaign_performance', ['spend_from_google_ads']),
    ('meta_ads', 'insights', 'stg_meta_ads__insights', ['spend_from_meta_ads']),
    ('ad_server', 'log', 'stg_ad_server__log', ['touchpoints_from_ad_server']),
    ('consents', 'changes', 'stg_consents__changes', ['consents_from_consents']),
    ('salesforce', 'contacts', 'stg_salesforce__contacts', []),
    ('salesforce', 'leads', 'stg_salesforce__leads', []),
    ('shopify', 'orders', 'stg_shopify__orders', []),
    ('pos', 'receipts', 'stg_pos__receipts', []),
    ('calls', 'calls', 'stg_calls__calls', []),
] %}

with counted as (
    {% for source, table, staged, mapped in paths %}
    select
        '{{ staged }}' as model,
        (select count(*) from ({{ sojourn.raw_table(source, table, []) }}) as raw_rows) as rows_in,
        {% if mapped -%}
        (select count(*) from {{ ref('sojourn', mapped[0]) }})
        + (select count(*) from {{ ref('sojourn', staged) }} where quarantine_reason is not null)
        {%- else -%}
        (select count(*) from {{ ref('sojourn', staged) }})
        {%- endif %} as rows_out
    {{ 'union all' if not loop.last }}
    {% endfor %}
    union all

    select
        'people_from_salesforce' as model,
        (
            select count(*) from {{ ref('sojourn', 'stg_salesforce__contacts') }}
            where quarantine_reason is null
        )
        + (
            select count(*) from {{ ref('sojourn', 'stg_salesforce__leads') }}
            where quarantine_reason is null
        ) as rows_in,
        (select count(*) from {{ ref('sojourn', 'people_from_salesforce') }}) as rows_out
    {% for entity in ['events', 'people', 'orders', 'touchpoints', 'spend', 'consents', 'deliveries'] %}
    union all

    select
        '{{ entity }}_from_generic' as model,
        (select count(*) from ({{ sojourn.generic_rows(entity, []) }}) as raw_rows) as rows_in,
        (select count(*) from {{ ref('sojourn', entity ~ '_from_generic') }})
        + (
            select count(*) from {{ ref('sojourn', 'stg_generic__' ~ entity) }}
            where quarantine_reason is not null
        ) as rows_out
    {% endfor %}
)

select * from counted
where rows_in <> rows_out
