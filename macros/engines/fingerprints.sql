{# `fingerprint(['a', 'b'])`: a whole number made of the expressions, NULL-safe. Sums of it tell
   whether a set of rows has changed. It differs between engines: compare within one warehouse. #}
{% macro fingerprint(expressions) -%}
    {{ adapter.dispatch('fingerprint', 'sojourn')(expressions) }}
{%- endmacro %}

{% macro default__fingerprint(expressions) -%}
    cast(xxhash64({{ sojourn.hash_id(expressions) }}) as decimal(38, 0))
{%- endmacro %}

{% macro duckdb__fingerprint(expressions) -%}
    cast(hash({{ expressions | join(', ') }}) as hugeint)
{%- endmacro %}

{% macro postgres__fingerprint(expressions) -%}
    cast(hashtextextended(concat_ws('|'
        {%- for expression in expressions -%}
            , coalesce(replace(cast({{ expression }} as text), '|', '||'), '|~')
        {%- endfor -%}
    ), 0) as numeric)
{%- endmacro %}
