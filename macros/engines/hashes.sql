{# `hash_id(['a', 'b'])`: md5 hex of the expressions, NULL-safe and unambiguous (each part is
   preceded by its length), so that ('ab', 'c') and ('a', 'bc') differ. #}
{% macro hash_id(expressions) -%}
    md5(concat_ws('|'
        {%- for expression in expressions -%}
            , coalesce(cast(length(cast({{ expression }} as {{ sojourn.type_string() }})) as {{ sojourn.type_string() }}) || ':' || cast({{ expression }} as {{ sojourn.type_string() }}), '-')
        {%- endfor -%}
    ))
{%- endmacro %}

{# `uuid_from(expression)`: a UUIDv8 (RFC 9562) made of the SHA-256 of the text. #}
{% macro uuid_from(expression) -%}
    {{ adapter.dispatch('uuid_from', 'sojourn')(expression) }}
{%- endmacro %}

{% macro default__uuid_from(expression) -%}
    {{ sojourn.uuid_of_digest(sojourn.sha256_hex(expression)) }}
{%- endmacro %}

{# PostgreSQL works out an expression as often as it is written: `offset 0` keeps the digest apart. #}
{% macro postgres__uuid_from(expression) -%}
    (
        select {{ sojourn.uuid_of_digest('digest.hex') }}
        from (select {{ sojourn.sha256_hex(expression) }} as hex offset 0) as digest
    )
{%- endmacro %}

{% macro uuid_of_digest(digest) -%}
    (
        substr({{ digest }}, 1, 8) || '-' || substr({{ digest }}, 9, 4) || '-8'
        || substr({{ digest }}, 14, 3) || '-'
        || substr('89ab', cast(ascii(substr({{ digest }}, 17, 1)) % 4 as integer) + 1, 1)
        || substr({{ digest }}, 18, 3) || '-' || substr({{ digest }}, 21, 12)
    )
{%- endmacro %}

{% macro sha256_hex(expression) -%}
    {{ adapter.dispatch('sha256_hex', 'sojourn')(expression) }}
{%- endmacro %}

{% macro default__sha256_hex(expression) -%}
    sha2({{ expression }}, 256)
{%- endmacro %}

{% macro duckdb__sha256_hex(expression) -%}
    sha256({{ expression }})
{%- endmacro %}

{% macro postgres__sha256_hex(expression) -%}
    encode(sha256(convert_to({{ expression }}, 'UTF8')), 'hex')
{%- endmacro %}
