-- What a source delivered is mapped to the platform's inputs or quarantined with a reason: nothing
-- is lost on the way, and nothing appears from nowhere.

{% set mapped_one_to_one = [
    ('segment', 'events', 'stg_segment__events', 'events_from_segment'),
    ('snowplow', 'events', 'stg_snowplow__events', 'events_from_snowplow'),
    ('salesforce', 'accounts', 'stg_salesforce__accounts', 'accounts_from_salesforce'),
    ('hubspot', 'contacts', 'stg_hubspot__contacts', 'people_from_hubspot'),
    ('hubspot', 'email_events', 'stg_hubspot__email_events', 'deliveries_from_hubspot'),
    (
        'google_ads', 'campaign_performance', 'stg_google_ads__campaign_performance',
        'spend_from_google_ads',
    ),
    ('meta_ads', 'insights', 'stg_meta_ads__insights', 'spend_from_meta_ads'),
    ('ad_server', 'log', 'stg_ad_server__log', 'touchpoints_from_ad_server'),
    ('consents', 'changes', 'stg_consents__changes', 'consents_from_consents'),
] %}
{% set read_completely = [
    ('salesforce', 'contacts', 'stg_salesforce__contacts'),
    ('salesforce', 'leads', 'stg_salesforce__leads'),
    ('shopify', 'orders', 'stg_shopify__orders'),
    ('pos', 'receipts', 'stg_pos__receipts'),
    ('calls', 'calls', 'stg_calls__calls'),
] %}
{% set entities = [
    'events', 'people', 'orders', 'touchpoints', 'spend', 'consents', 'deliveries',
] %}

with counted as (

    {% for source, table, staged, mapped in mapped_one_to_one %}
    select '{{ staged }}' as model, 1 as rows_in, 0 as rows_out
    from ({{ sojourn.raw_table(source, table, []) }}) as raw_rows

    union all

    select '{{ staged }}' as model, 0 as rows_in, 1 as rows_out
    from {{ ref('sojourn', mapped) }}

    union all

    select '{{ staged }}' as model, 0 as rows_in, 1 as rows_out
    from {{ ref('sojourn', staged) }}
    where quarantine_reason is not null

    union all
    {% endfor %}
    {% for source, table, staged in read_completely %}
    select '{{ staged }}' as model, 1 as rows_in, 0 as rows_out
    from ({{ sojourn.raw_table(source, table, []) }}) as raw_rows

    union all

    select '{{ staged }}' as model, 0 as rows_in, 1 as rows_out
    from {{ ref('sojourn', staged) }}

    union all
    {% endfor %}
    {% for entity in entities %}
    select '{{ entity }}_from_generic' as model, 1 as rows_in, 0 as rows_out
    from ({{ sojourn.generic_rows(entity, []) }}) as raw_rows

    union all

    select '{{ entity }}_from_generic' as model, 0 as rows_in, 1 as rows_out
    from {{ ref('sojourn', entity ~ '_from_generic') }}

    union all

    select '{{ entity }}_from_generic' as model, 0 as rows_in, 1 as rows_out
    from {{ ref('sojourn', 'stg_generic__' ~ entity) }}
    where quarantine_reason is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

sums as (

    select
        model,
        sum(rows_in) as rows_in,
        sum(rows_out) as rows_out

    from counted
    group by model

)

select * from sums
where rows_in <> rows_out
