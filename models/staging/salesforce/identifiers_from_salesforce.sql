with contacts as (

    select * from {{ ref('sojourn', 'stg_salesforce__contacts') }}
    where quarantine_reason is null

),

leads as (

    select * from {{ ref('sojourn', 'stg_salesforce__leads') }}
    where quarantine_reason is null

),

-- A contact that was merged names the record that it was merged into.
identifiers as (
    {% for relation, record, rule, identifier_type, value in [
        ('contacts', 'contact_id', 'contact', 'salesforce_contact_id', 'contact_id'),
        ('contacts', 'contact_id', 'contact', 'email', 'email'),
        ('contacts', 'contact_id', 'contact', 'phone', 'phone'),
        ('contacts', 'contact_id', 'contact', 'phone', 'mobile_phone'),
        ('contacts', 'contact_id', 'merged_contact', 'salesforce_contact_id', 'master_contact_id'),
        ('leads', 'lead_id', 'lead', 'salesforce_lead_id', 'lead_id'),
        ('leads', 'lead_id', 'lead', 'email', 'email'),
        ('leads', 'lead_id', 'lead', 'phone', 'phone'),
        ('leads', 'lead_id', 'lead_conversion', 'salesforce_contact_id', 'converted_contact_id'),
    ] %}
    select
        {{ record }} as record_id,
        'salesforce' as source,
        '{{ rule }}' as rule,
        '{{ identifier_type }}' as identifier_type,
        {{ value }} as identifier_value,
        load_id,
        modified_at as observed_at,
        loaded_at

    from {{ relation }}
    where {{ value }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from identifiers
