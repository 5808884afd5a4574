{# `fingerprint_of_rules()`: a query of one row, the column `fingerprint`, of what all attribution
   depends on beside touches and conversions: the window, the models with their SQL, weights and
   settings, the rules of credit and the types of conversion. #}
{% macro fingerprint_of_rules() -%}
    select
        {{ sojourn.fingerprint([
            "'" ~ var('attribution_window_days') ~ ' ' ~ sojourn.credit_models() ~ "'",
            'rules.fingerprint',
            'conversion_types.fingerprint',
        ]) }} as fingerprint

    from (
        select sum({{ sojourn.fingerprint(['kind', 'model', 'earns_credit']) }}) as fingerprint
        from {{ ref('touch_credit_rules') }}
    ) as rules
    cross join (
        select sum({{ sojourn.fingerprint(['conversion_type']) }}) as fingerprint
        from (select distinct conversion_type from {{ ref('sojourn', 'conversions') }}) as types
    ) as conversion_types
{%- endmacro %}
