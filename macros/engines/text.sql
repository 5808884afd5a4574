{# `json_text(column, 'a.b')`: the value at a path of JSON text, as text; NULL where absent. The
   column must hold valid JSON or NULL (the loader sees to it). #}
{% macro json_text(column, path) -%}
    {{ adapter.dispatch('json_text', 'sojourn')(column, path) }}
{%- endmacro %}

{% macro default__json_text(column, path) -%}
    get_json_object({{ column }}, '$.{{ path }}')
{%- endmacro %}

{% macro duckdb__json_text(column, path) -%}
    json_extract_string({{ column }}, '$.{{ path }}')
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    (cast({{ column }} as jsonb) #>> '{ {{- path | replace('.', ',') -}} }')
{%- endmacro %}

{# `regexp_like(expression, pattern)`: does the pattern occur in it? Patterns must mean the same
   on all engines: character classes, alternation, anchors and counts do. A text should not hold line
   breaks: Spark's `$` also matches before the last one, and PostgreSQL's `.` matches any. #}
{% macro regexp_like(expression, pattern) -%}
    {{ adapter.dispatch('regexp_like', 'sojourn')(expression, pattern) }}
{%- endmacro %}

{% macro default__regexp_like(expression, pattern) -%}
    ({{ expression }} rlike {{ pattern }})
{%- endmacro %}

{% macro duckdb__regexp_like(expression, pattern) -%}
    regexp_matches({{ expression }}, {{ pattern }})
{%- endmacro %}

{% macro postgres__regexp_like(expression, pattern) -%}
    ({{ expression }} ~ {{ pattern }})
{%- endmacro %}

{# `regexp_group(expression, 'pattern with one (group)')`: the group's text, NULL where the pattern
   does not occur or the group is empty. The pattern is a constant, without quotes around it. #}
{% macro regexp_group(expression, pattern) -%}
    {{ adapter.dispatch('regexp_group', 'sojourn')(expression, pattern) }}
{%- endmacro %}

{% macro default__regexp_group(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, {{ sojourn.text_literal(pattern) }}, 1), '')
{%- endmacro %}

{% macro postgres__regexp_group(expression, pattern) -%}
    nullif(substring({{ expression }} from {{ sojourn.text_literal(pattern) }}), '')
{%- endmacro %}

{# `regexp_rewritten(expression, '^pattern$', '\\1-\\2')`: the text that the pattern matches, written as
   the third text says; other text as it is. The pattern must match the whole text, since only Spark
   rewrites every place where one matches. #}
{% macro regexp_rewritten(expression, pattern, rewriting) -%}
    {{ adapter.dispatch('regexp_rewritten', 'sojourn')(expression, pattern, rewriting) }}
{%- endmacro %}

{% macro default__regexp_rewritten(expression, pattern, rewriting) -%}
    regexp_replace({{ expression }}, {{ sojourn.text_literal(pattern) }}, {{ sojourn.text_literal(rewriting) }})
{%- endmacro %}

{% macro spark__regexp_rewritten(expression, pattern, rewriting) -%}
    {{ sojourn.default__regexp_rewritten(expression, pattern, rewriting | replace('\\', '$')) }}
{%- endmacro %}

{# The digits 0 to 9 of a text, in their order; empty where it has none. #}
{% macro only_digits(expression) -%}
    {{ adapter.dispatch('only_digits', 'sojourn')(expression) }}
{%- endmacro %}

{% macro default__only_digits(expression) -%}
    regexp_replace({{ expression }}, '[^0-9]', '', 'g')
{%- endmacro %}

{% macro spark__only_digits(expression) -%}
    regexp_replace({{ expression }}, '[^0-9]', '')
{%- endmacro %}

{# Host of a URL, in lower case, without `www.`; NULL where there is none. #}
{% macro url_host(expression) -%}
    {{ sojourn.regexp_group('lower(' ~ expression ~ ')', '^[a-z][a-z0-9+.-]*://(?:www[.])?([^/:?#]+)') }}
{%- endmacro %}

{# A query parameter's raw (percent-encoded) value; NULL where it is absent or empty. #}
{% macro url_parameter(expression, name) -%}
    {{ sojourn.regexp_group(expression, '[?&]' ~ name ~ '=([^&#]+)') }}
{%- endmacro %}

{# `url_decode(expression)`: a query parameter's value without percent-encoding, `+` as a space. What
   would not be text (invalid UTF-8, NUL) stays as it is. #}
{% macro url_decode(expression) -%}
    {{ adapter.dispatch('url_decode', 'sojourn')(expression) }}
{%- endmacro %}

{# Java replaces invalid UTF-8 by U+FFFD, and fails on a percent sign that encodes nothing. The lambdas
   name what would otherwise stand in the plan ten times, to be optimised and compiled each time. #}
{% macro spark__url_decode(expression) -%}
    transform(
        array({{ expression }}),
        encoded -> case
            when position('%00' in encoded) > 0 then encoded
            when position('%' in encoded) > 0
                then transform(
                    array(try_url_decode(regexp_replace(encoded, '%(?![0-9a-fA-F]{2})', '%25'))),
                    decoded -> case
                        when
                            position('\uFFFD' in decoded) > 0
                            and position('\uFFFD' in encoded) = 0
                            and position('%EF%BF%BD' in upper(encoded)) = 0
                            then encoded
                        else coalesce(decoded, encoded)
                    end
                )[0]
            else replace(encoded, '+', ' ')
        end
    )[0]
{%- endmacro %}

{% macro duckdb__url_decode(expression) -%}
    case
        when position('%00' in {{ expression }}) > 0 then {{ expression }}
        when position('%' in {{ expression }}) > 0
            then coalesce(try(url_decode(replace({{ expression }}, '+', ' '))), {{ expression }})
        else replace({{ expression }}, '+', ' ')
    end
{%- endmacro %}

{% macro postgres__url_decode(expression) -%}
    case
        when position('%' in {{ expression }}) > 0
            then (
                select
                    case
                        when bytes.hex ~ '^(0[1-9a-f]|[1-7][0-9a-f]|(c[2-9a-f]|d[0-9a-f])[89ab][0-9a-f]|(e0[ab]|e[1-9abcef][89ab]|ed[89])[0-9a-f][89ab][0-9a-f]|(f0[9ab]|f[123][89ab]|f48)[0-9a-f]([89ab][0-9a-f]){2})*$'
                            then convert_from(decode(bytes.hex, 'hex'), 'UTF8')
                        else {{ expression }}
                    end
                from (
                    select
                        string_agg(
                            case
                                when parts.part[1] ~ '^%[0-9a-fA-F]{2}$' then lower(substr(parts.part[1], 2))
                                else encode(convert_to(replace(parts.part[1], '+', ' '), 'UTF8'), 'hex')
                            end,
                            '' order by parts.place
                        ) as hex
                    from regexp_matches({{ expression }}, '%[0-9a-fA-F]{2}|%|[^%]+', 'g')
                        with ordinality as parts (part, place)
                ) as bytes
            )
        else replace({{ expression }}, '+', ' ')
    end
{%- endmacro %}

{# `plain_text(expression)`: names as they are compared: small letters of Latin scripts without their
   accents, other characters as they are, no spaces around; NULL where nothing is left. #}
{% macro plain_text(expression) -%}
    nullif(translate(
        lower(trim({{ expression }})),
        'áàâäãåāăąçćčďđéèêëēęěíìîïīłñńňóòôöõøőřśšşťúùûüūůűýÿžźż',
        'aaaaaaaaacccddeeeeeeeiiiiilnnnooooooorssstuuuuuuuyyzzz'
    ), '')
{%- endmacro %}

{# `is_within_edits(a, b, 2)`: whether at most so many letters must be put in, left out or exchanged to
   make one text of the other. False for a text with characters outside ASCII, of which DuckDB counts
   the bytes. PostgreSQL takes its extension fuzzystrmatch where it is installed, otherwise the
   function that `create_edit_distance` makes. #}
{% macro is_within_edits(left, right, most) -%}
    (
        {{ sojourn.regexp_like(left ~ " || " ~ right, sojourn.text_literal("^[ -~]*$")) }}
        and {{ adapter.dispatch('edit_distance', 'sojourn')(left, right, most) }} <= {{ most }}
    )
{%- endmacro %}

{% macro default__edit_distance(left, right, most) -%}
    levenshtein({{ left }}, {{ right }})
{%- endmacro %}

{% macro postgres__edit_distance(left, right, most) -%}
    {%- if sojourn.has_fuzzystrmatch() -%}
    levenshtein_less_equal({{ left }}, {{ right }}, {{ most }})
    {%- else -%}
    {{ this.schema }}.edit_distance({{ left }}, {{ right }}, {{ most }})
    {%- endif -%}
{%- endmacro %}

{% macro has_fuzzystrmatch() -%}
    {{ return(
        execute
        and run_query("select 1 from pg_extension where extname = 'fuzzystrmatch'").rows | length > 0
    ) }}
{%- endmacro %}

{# What `is_within_edits` needs; for the hooks of models that use it. #}
{% macro create_edit_distance() -%}
    {{ return(adapter.dispatch('create_edit_distance', 'sojourn')()) }}
{%- endmacro %}

{% macro default__create_edit_distance() -%}
    {{ return('') }}
{%- endmacro %}

{# One row of the table of distances after the other; ends where no way is short enough any more. #}
{% macro postgres__create_edit_distance() -%}
    {%- if execute and not sojourn.has_fuzzystrmatch() -%}
    {%- call statement('create_edit_distance') -%}
    create or replace function {{ this.schema }}.edit_distance(a text, b text, most integer)
    returns integer
    language plpgsql
    immutable strict parallel safe
    as $body$
    declare
        width constant integer := length(b);
        above integer[] := array(select generate_series(0, width));
        here integer[];
        distance integer;
        nearest integer;
    begin
        if abs(length(a) - width) > most then
            return most + 1;
        end if;
        for i in 1..length(a) loop
            here := array[i];
            nearest := i;
            for j in 1..width loop
                distance := least(
                    above[j + 1] + 1,
                    here[j] + 1,
                    above[j] + (substr(a, i, 1) <> substr(b, j, 1))::integer
                );
                here[j + 1] := distance;
                nearest := least(nearest, distance);
            end loop;
            if nearest > most then
                return most + 1;
            end if;
            above := here;
        end loop;
        return above[width + 1];
    end
    $body$
    {%- endcall -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
