-- Every engine turns wall-clock times into the same UTC times, also in the hours that a change to
-- or from summer time leaves out or repeats, and an unknown zone into none.

{% set cases = [
    ('2026-01-05 10:00:00', 'America/New_York', '2026-01-05 15:00:00'),
    ('2026-07-05 10:00:00', 'America/New_York', '2026-07-05 14:00:00'),
    ('2026-07-05 10:00:00', 'Europe/Helsinki', '2026-07-05 07:00:00'),
    ('2026-11-01 01:30:00', 'America/New_York', '2026-11-01 06:30:00'),
    ('2026-03-08 02:30:00', 'America/New_York', '2026-03-08 07:30:00'),
    ('2026-01-05 10:00:00', 'Mars/Olympus_Mons', none),
] %}

with cases as (

    {% for local_time, zone, moment in cases %}
    select
        cast('{{ local_time }}' as {{ sojourn.type_timestamp() }}) as local_time,
        '{{ zone }}' as zone,
        cast({{ "'" ~ moment ~ "'" if moment else 'null' }} as {{ sojourn.type_timestamp() }})
            as expected
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

turned as (

    select
        local_time,
        zone,
        expected,
        {{ sojourn.to_utc('local_time', 'zone') }} as found

    from cases

)

select * from turned
where expected is distinct from found
