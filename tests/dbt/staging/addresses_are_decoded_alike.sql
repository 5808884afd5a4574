-- Every engine decodes percent-encoded text alike, and leaves alone what would not be text.

{% set cases = {
    'a%20b+c': 'a b c',
    'plain+text': 'plain text',
    'caf%C3%A9': 'café',
    '%F0%9F%98%80': '😀',
    '100%25': '100%',
    '100%': '100%',
    'bad%zz': 'bad%zz',
    '%FF': '%FF',
    '%ED%A0%80': '%ED%A0%80',
    'nul%00': 'nul%00',
} %}

with cases as (

    {% for text, decoded in cases.items() %}
    select
        '{{ text }}' as text,
        '{{ decoded }}' as expected
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

decoded as (

    select
        text,
        expected,
        {{ sojourn.url_decode('text') }} as found

    from cases

)

select * from decoded
where expected is distinct from found
