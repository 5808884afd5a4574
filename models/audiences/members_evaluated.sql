-- Who belongs to each audience of the list `audiences` as of this run.

with members as (

    {% for audience in var('audiences') -%}
    select
        '{{ audience }}' as audience,
        person_id,
        cast(reason as {{ sojourn.type_string() }}) as reason

    from {{ ref(audience) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    audience,
    person_id,
    min(reason) as reason

from members
where person_id is not null
group by audience, person_id
