{# The attributes of a person that sources may state and that survivorship decides between. #}
{% macro profile_attributes() -%}
    {{ return([
        'email', 'phone', 'first_name', 'last_name', 'birth_date', 'city', 'postal_code', 'country',
        'timezone', 'company', 'job_title',
    ]) }}
{%- endmacro %}
