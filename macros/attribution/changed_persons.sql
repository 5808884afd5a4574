{# `changed_persons()`: the persons (or, of nobody, conversions) on whose touches or conversions this
   table was not built yet; on a full build all. Column person_id. #}
{% macro changed_persons() -%}
    select person_key as person_id
    from {{ ref('sojourn', 'person_fingerprints') }}
    {%- if is_incremental() %}
    where changed_in > {{ sojourn.last_run() }}
    {%- endif %}
{%- endmacro %}
