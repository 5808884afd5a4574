-- Every engine reads the same texts as the same times, and the same texts as none.

{% set cases = {
    '2026-01-05T10:00:00.000Z': '2026-01-05 10:00:00',
    '2026-01-05T10:00:00Z': '2026-01-05 10:00:00',
    '2026-01-05T10:00:00.123456789Z': '2026-01-05 10:00:00.123456',
    '2026-01-05T10:00:00.000+0000': '2026-01-05 10:00:00',
    '2026-01-05T10:00:00+02:00': '2026-01-05 08:00:00',
    '2026-01-05 10:00:00 -0500': '2026-01-05 15:00:00',
    '2026-01-05 10:00:00+02': '2026-01-05 08:00:00',
    '2026-01-05T10:00:00.5': '2026-01-05 10:00:00.5',
    '2026-01-05 10:00': '2026-01-05 10:00:00',
    '2026-01-05': '2026-01-05 00:00:00',
    '2024-02-29T00:00:00Z': '2024-02-29 00:00:00',
    '2026-02-29T00:00:00Z': none,
    '2026-13-05T10:00:00Z': none,
    '20260105': none,
    '2026-1-5': none,
    'yesterday': none,
    'now': none,
    'infinity': none,
    '': none,
} %}

with cases as (

    {% for text, moment in cases.items() %}
    select
        '{{ text }}' as text,
        cast({{ "'" ~ moment ~ "'" if moment else 'null' }} as {{ sojourn.type_timestamp() }})
            as expected
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

read as (

    select
        text,
        expected,
        {{ sojourn.parse_timestamp('text') }} as found

    from cases

)

select * from read
where expected is distinct from found
