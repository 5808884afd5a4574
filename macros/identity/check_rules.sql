{# Checks of the three seeds that say how identifiers are judged, run before each is loaded: bad rules
   end the run at its start, with all that is wrong in a seed in one message. `load_agate_table` reads
   a seed as dbt does, columns with a `column_types` as text. #}

{# The check of a seed, by its name; other seeds have none. #}
{% macro check_seed() -%}
    {%- if model.name == 'identifier_types' -%}
        {%- do sojourn.check_identifier_types() -%}
    {%- elif model.name == 'blocked_identifiers' -%}
        {%- do sojourn.check_blocked_identifiers() -%}
    {%- elif model.name == 'steward_decisions' -%}
        {%- do sojourn.check_steward_decisions() -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}


{% macro check_identifier_types() -%}
    {%- if execute -%}
    {%- set seed = sojourn.seed_rows([
        'identifier_type', 'tier', 'values_per_person', 'person_limit', 'person_limit_days', 'is_device', 'pattern',
    ]) -%}
    {%- set problems, seen = [], [] -%}
    {%- for row in seed -%}
        {%- set name = row.identifier_type or 'line ' ~ (loop.index + 1) -%}
        {%- if not row.identifier_type -%}
            {%- do problems.append(name ~ ': identifier_type is empty; name the type, or remove the line') -%}
        {%- elif row.identifier_type in seen -%}
            {%- do problems.append(name ~ ': it stands there twice; keep one line a type') -%}
        {%- elif ':' in row.identifier_type -%}
            {%- do problems.append(name ~ ': a colon ends the name of a type; write it without one') -%}
        {%- endif -%}
        {%- do seen.append(row.identifier_type) -%}
        {%- if not modules.re.fullmatch('[0-9]{1,9}', row.tier or '') or row.tier | int < 1 -%}
            {%- do problems.append(
                name ~ ": tier is '" ~ (row.tier or '') ~ "'; use a whole number from 1 (the strongest) on"
            ) -%}
        {%- endif -%}
        {%- for column in ['values_per_person', 'person_limit', 'person_limit_days'] -%}
            {%- if row[column] and (not modules.re.fullmatch('[0-9]{1,9}', row[column]) or row[column] | int < 1) -%}
                {%- do problems.append(
                    name ~ ': ' ~ column ~ " is '" ~ row[column] ~ "'; use a whole number from 1 on, or leave it empty"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if row.person_limit_days and not row.person_limit -%}
            {%- do problems.append(
                name ~ ': person_limit_days says in which window persons are counted, and person_limit not how many'
                ~ ' are too many; fill in person_limit, or empty person_limit_days'
            ) -%}
        {%- endif -%}
        {%- if (row.is_device or '') | lower not in ['true', 'false'] -%}
            {%- do problems.append(name ~ ": is_device is '" ~ (row.is_device or '') ~ "'; use true or false") -%}
        {%- endif -%}
        {%- do sojourn.check_pattern(problems, name, row.pattern, is_needed=false) -%}
    {%- endfor -%}
    {%- do sojourn.raise_problems(problems) -%}
    {%- endif -%}
{%- endmacro %}


{% macro check_blocked_identifiers() -%}
    {%- if execute -%}
    {%- set problems, seen = [], [] -%}
    {%- for row in sojourn.seed_rows(['identifier_type', 'pattern', 'reason']) -%}
        {%- set name = 'line ' ~ (loop.index + 1) -%}
        {%- for column in ['identifier_type', 'reason'] if not row[column] -%}
            {%- do problems.append(
                name ~ ': ' ~ column ~ ' is empty; ' ~ {
                    'identifier_type': 'name the type, or * for all',
                    'reason': 'say why such values are blocked: it is shown where one is',
                }[column]
            ) -%}
        {%- endfor -%}
        {%- if [row.identifier_type, row.pattern] in seen -%}
            {%- do problems.append(name ~ ': the same type and pattern stand there twice; remove the line') -%}
        {%- endif -%}
        {%- do seen.append([row.identifier_type, row.pattern]) -%}
        {%- do sojourn.check_pattern(problems, name, row.pattern, is_needed=true) -%}
    {%- endfor -%}
    {%- do sojourn.raise_problems(problems) -%}
    {%- endif -%}
{%- endmacro %}


{% macro check_steward_decisions() -%}
    {%- if execute -%}
    {%- set problems, seen, linked, apart = [], [], {}, {} -%}
    {%- for row in sojourn.seed_rows([
        'rule_id', 'action', 'left_type', 'left_value', 'right_type', 'right_value', 'author', 'reason',
        'recorded_at', 'revoked_at',
    ]) -%}
        {%- set name = row.rule_id or 'line ' ~ (loop.index + 1) -%}
        {%- if not row.rule_id -%}
            {%- do problems.append(name ~ ': rule_id is empty; give the decision a name of its own') -%}
        {%- elif row.rule_id in seen -%}
            {%- do problems.append(name ~ ': two decisions have this rule_id; give the later one another') -%}
        {%- endif -%}
        {%- do seen.append(row.rule_id) -%}
        {%- for column in ['author', 'reason'] if not (row[column] or '').strip() -%}
            {%- do problems.append(
                name ~ ': ' ~ column ~ ' is empty; a decision says who took it and why'
            ) -%}
        {%- endfor -%}
        {%- if row.action not in ['link', 'never_link', 'detach'] -%}
            {%- do problems.append(
                name ~ ": action is '" ~ (row.action or '') ~ "'; use link, never_link or detach"
            ) -%}
        {%- endif -%}
        {%- set needed = ['left_type', 'left_value'] + (['right_type', 'right_value'] if row.action != 'detach' else []) -%}
        {%- for column in needed if not row[column] -%}
            {%- do problems.append(name ~ ': ' ~ column ~ ' is empty; an identifier is a type and a value') -%}
        {%- endfor -%}
        {%- if row.action == 'detach' and (row.right_type or row.right_value) -%}
            {%- do problems.append(
                name ~ ': detach is about the left identifier alone; empty right_type and right_value, or use never_link'
            ) -%}
        {%- endif -%}
        {%- set instant = '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?' -%}
        {%- if not modules.re.fullmatch(instant, row.recorded_at or '') -%}
            {%- do problems.append(
                name ~ ": recorded_at is '" ~ (row.recorded_at or '') ~ "'; use a UTC time such as 2026-05-03 10:00:00"
            ) -%}
        {%- endif -%}
        {%- if row.revoked_at and not modules.re.fullmatch(instant, row.revoked_at) -%}
            {%- do problems.append(
                name ~ ": revoked_at is '" ~ row.revoked_at ~ "'; use a UTC time such as 2026-05-03 10:00:00, or leave it empty"
            ) -%}
        {%- endif -%}
        {%- set pair = [[row.left_type, row.left_value] | join(':'), [row.right_type, row.right_value] | join(':')] | sort | join(' ') -%}
        {%- if row.action in ['link', 'never_link'] -%}
            {%- if row.left_value and row.left_type == row.right_type and row.left_value == row.right_value -%}
                {%- do problems.append(name ~ ': both identifiers are the same; name two') -%}
            {%- endif -%}
            {%- if not row.revoked_at -%}
                {%- do (linked if row.action == 'link' else apart).update({pair: name}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for pair in linked if pair in apart -%}
        {%- do problems.append(
            linked[pair] ~ ' links two identifiers that ' ~ apart[pair] ~ ' never links; revoke one of the two'
            ~ ' (sojourn identity revoke)'
        ) -%}
    {%- endfor -%}
    {%- do sojourn.raise_problems(problems) -%}
    {%- endif -%}
{%- endmacro %}


{# Types that a seed names and the seed identifier_types does not know. It needs both seeds, so it is
   the first thing that the models of identity do. #}
{% macro check_types_are_known(seed, columns, key, but=[]) -%}
    {%- if execute -%}
    {%- set types, named = ref('identifier_types'), ref(seed) -%}
    {%- if load_relation(types) is not none and load_relation(named) is not none -%}
        {%- set known = run_query('select identifier_type from ' ~ types ~ ' order by 1').columns[0].values() -%}
        {%- set problems = [] -%}
        {%- for column in columns -%}
            {%- for value, name in run_query(
                'select ' ~ column ~ ', min(' ~ key ~ ') from ' ~ named ~ ' where ' ~ column
                ~ ' is not null group by 1 order by 1'
            ).rows if value not in known and value not in but -%}
                {%- do problems.append(
                    name ~ ': ' ~ column ~ " is '" ~ value ~ "', which seeds/identifier_types.csv does not name; use one of "
                    ~ known | join(', ') ~ ', or add a line for it there'
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do sojourn.raise_problems(problems, seed) -%}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{# The seed's rows, each a dictionary of trimmed texts; an empty value is none. #}
{% macro seed_rows(columns) -%}
    {%- set seed = load_agate_table() -%}
    {%- set missing = columns | reject('in', seed.column_names) | list -%}
    {%- if missing -%}
        {%- do sojourn.raise_problems([
            'the column ' ~ missing | join(', ') ~ ' is missing; the header is ' ~ columns | join(',')
        ]) -%}
    {%- endif -%}
    {%- set rows = [] -%}
    {%- for row in seed.rows -%}
        {%- set values = {} -%}
        {%- for column in columns -%}
            {%- set value = none if row[column] is none else row[column] | string -%}
            {%- do values.update({column: value}) -%}
        {%- endfor -%}
        {%- do rows.append(values) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}


{# A pattern must be one, and mean the same on every engine (see `regexp_like`). #}
{% macro check_pattern(problems, name, pattern, is_needed) -%}
    {%- if not pattern -%}
        {%- if is_needed -%}
            {%- do problems.append(name ~ ': pattern is empty; say what the values look like, or remove the line') -%}
        {%- endif -%}
    {%- elif modules.re.search('[(][?]|[\\\\][A-Za-z0-9]|[*+?}][+?]', pattern) -%}
        {%- do problems.append(
            name ~ ": engines read the pattern '" ~ pattern ~ "' differently; use classes such as [0-9], groups,"
            ~ ' alternatives, anchors and counts, without (?...), \\d and the like, *? or ++'
        ) -%}
    {%- else -%}
        {%- do try_or_compiler_error(
            sojourn.rule_message([
                name ~ ": the pattern '" ~ pattern ~ "' is no regular expression; close its brackets, and write a"
                ~ ' special character as a class, [.] or [+]'
            ]),
            modules.re.compile, pattern
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro rule_message(problems, seed=none) -%}
    {{ return(
        'Bad rules in seeds/' ~ (seed or this.identifier) ~ '.csv:\n  - ' ~ problems | join('\n  - ')
    ) }}
{%- endmacro %}


{% macro raise_problems(problems, seed=none) -%}
    {%- if problems -%}
        {{ exceptions.raise_compiler_error(sojourn.rule_message(problems, seed)) }}
    {%- endif -%}
{%- endmacro %}
