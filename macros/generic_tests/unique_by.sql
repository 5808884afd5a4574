{# No two rows have the same values in these columns together; NULLs are values here. #}
{% test unique_by(model, columns) %}
    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
