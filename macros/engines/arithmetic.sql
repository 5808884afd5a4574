{# A whole number of up to 38 digits. #}
{% macro type_wide_integer() %}
    {{ return(adapter.dispatch('type_wide_integer', 'sojourn')()) }}
{% endmacro %}
{% macro default__type_wide_integer() %}{{ return('decimal(38,0)') }}{% endmacro %}
{% macro duckdb__type_wide_integer() %}{{ return('hugeint') }}{% endmacro %}
{% macro postgres__type_wide_integer() %}{{ return('numeric(38,0)') }}{% endmacro %}

{# `whole_quotient(dividend, divisor)`: the quotient of two whole numbers without its fraction.
   Neither may be negative, and the quotient must fit 18 digits, since Spark's `div` gives a bigint;
   `%` gives the rest on every engine. #}
{% macro whole_quotient(dividend, divisor) -%}
    {{ adapter.dispatch('whole_quotient', 'sojourn')(dividend, divisor) }}
{%- endmacro %}

{% macro default__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) div ({{ divisor }}))
{%- endmacro %}

{% macro duckdb__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) // ({{ divisor }}))
{%- endmacro %}

{% macro postgres__whole_quotient(dividend, divisor) -%}
    div(({{ dividend }}), ({{ divisor }}))
{%- endmacro %}

{# `product_of_money(amount, factor)`: amount x factor, both with up to six decimals, rounded half up
   to two. Spark keeps 38 digits and cuts decimals off a product that could be longer, so that an
   amount of more than 14 digits before the point fails there. #}
{% macro product_of_money(amount, factor) -%}
    {{ adapter.dispatch('product_of_money', 'sojourn')(amount, factor) }}
{%- endmacro %}

{% macro default__product_of_money(amount, factor) -%}
    cast(
        round(cast({{ amount }} as decimal(28, 6)) * cast({{ factor }} as decimal(18, 6)), 2)
        as {{ sojourn.type_money() }}
    )
{%- endmacro %}

{% macro spark__product_of_money(amount, factor) -%}
    cast(
        round(cast({{ amount }} as decimal(20, 6)) * cast({{ factor }} as decimal(17, 6)), 2)
        as {{ sojourn.type_money() }}
    )
{%- endmacro %}

{# `scattered(number)`: another whole number for each one from 0 on, and no two share one. Within each two
   billion they are in no order that shows. (Modulo the prime 2^31 - 1, multiplication and the fifth
   power are one to one.) #}
{% macro scattered(number) -%}
    {%- set prime = '2147483647' -%}
    {%- set rest = '(cast(' ~ number ~ ' as bigint) % ' ~ prime ~ ')' -%}
    {%- set spread = '((' ~ rest ~ ' * 1103515245 + 12345) % ' ~ prime ~ ')' -%}
    {%- set squared = '((' ~ spread ~ ' * ' ~ spread ~ ') % ' ~ prime ~ ')' -%}
    {%- set fourth = '((' ~ squared ~ ' * ' ~ squared ~ ') % ' ~ prime ~ ')' -%}
    (cast({{ number }} as bigint) - {{ rest }} + ({{ fourth }} * {{ spread }}) % {{ prime }})
{%- endmacro %}

{# `any_number()`: a number for each row, from 1 on and without gaps, in any order. #}
{% macro any_number() -%}
    {{ adapter.dispatch('any_number', 'sojourn')() }}
{%- endmacro %}

{% macro default__any_number() -%}
    row_number() over ()
{%- endmacro %}

{% macro spark__any_number() -%}
    row_number() over (order by 'any')
{%- endmacro %}
