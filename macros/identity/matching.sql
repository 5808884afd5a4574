{# Probabilistic matching of people's records, by the var `matching`: what is compared, how alike two
   values may be, and among which records pairs are looked for. The weights are those of the model
   that `sojourn identity train` keeps in the warehouse. #}

{# `match_columns()`: the columns that records are compared in. #}
{% macro match_columns() -%}
    {%- set known = ['first_name', 'last_name', 'birth_date', 'city', 'postal_code', 'email', 'phone'] -%}
    {%- set columns = var('matching')['comparisons'] | list -%}
    {%- for column in columns if column not in known -%}
        {{ exceptions.raise_compiler_error(
            "The var `matching` compares '" ~ column ~ "': records can be compared in " ~ known | join(', ')
        ) }}
    {%- endfor -%}
    {%- for column in var('matching')['blocking'] | sum(start=[])
        if column not in columns and not (column == 'email_user' and 'email' in columns) -%}
        {{ exceptions.raise_compiler_error(
            "The var `matching` looks for pairs by '" ~ column ~ "', which its comparisons do not name"
        ) }}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{# `match_value(column, expression)`: a value as it is compared. #}
{% macro match_value(column, expression) -%}
    {%- if column in ['email', 'phone', 'birth_date'] -%}
    {{ expression }}
    {%- elif column == 'postal_code' -%}
    nullif(replace(replace(lower({{ expression }}), ' ', ''), '-', ''), '')
    {%- else -%}
    {{ sojourn.plain_text(expression) }}
    {%- endif -%}
{%- endmacro %}

{# `match_level(level, left, right)`: whether two values are as alike as the level says. #}
{% macro match_level(level, left, right) -%}
    {%- set words = level.split(' ') -%}
    {%- if level in ['exact', 'exact weighted'] -%}
    {{ left }} = {{ right }}
    {%- elif level == 'same user' -%}
    split_part({{ left }}, '@', 1) = split_part({{ right }}, '@', 1)
    {%- elif level == 'same number' -%}
    length({{ sojourn.only_digits("split_part(" ~ left ~ ", '@', 1)") }}) >= 2
    and {{ sojourn.only_digits("split_part(" ~ left ~ ", '@', 1)") }}
    = {{ sojourn.only_digits("split_part(" ~ right ~ ", '@', 1)") }}
    {%- elif words | length == 2 and words[0] == 'levenshtein' and words[1] in ['1', '2', '3', '4'] -%}
    {{ sojourn.is_within_edits(left, right, words[1]) }}
    {%- elif words | length == 2 and words[0] == 'letters' and words[1] in ['1', '2', '3', '4'] -%}
    {{ sojourn.only_digits(left) }} = {{ sojourn.only_digits(right) }}
    and {{ sojourn.is_within_edits(left, right, words[1]) }}
    {%- else -%}
    {{ exceptions.raise_compiler_error(
        "The var `matching` names the level '" ~ level ~ "': levels are exact, exact weighted, "
        ~ "levenshtein 1 to levenshtein 4, letters 1 to letters 4, same user, and same number"
    ) }}
    {%- endif -%}
{%- endmacro %}

{# The model that was trained last as of the run, or none: {version, prior, weights: {column: {level:
   log2 of m/u}}, exact: {column: u of the level `exact weighted`}, rarest: {column: frequency of a
   value that was not counted}}. The level of two values that are not alike is `else`. #}
{% macro match_model() -%}
    {%- set relation = adapter.get_relation(target.database, this.schema, 'match_parameters') if execute else none -%}
    {%- if relation is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set known = relation ~ " where cast(replace(model_version, 'T', ' ') as timestamp) <= " ~ sojourn.run_at() -%}
    {%- set rows = run_query(
        'select model_version, comparison, level, weight, u from ' ~ relation
        ~ ' where model_version = (select max(model_version) from ' ~ known ~ ')'
        ~ ' order by comparison, level'
    ).rows -%}
    {%- if not rows -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set model = {'version': rows[0][0], 'weights': {}, 'exact': {}, 'rarest': {}} -%}
    {%- for row in rows -%}
        {%- if row[1] == '*' -%}
            {%- do model.update({'prior': row[3] | float}) -%}
        {%- elif row[2] == 'rarest' -%}
            {%- do model['rarest'].update({row[1]: row[4] | float}) -%}
        {%- else -%}
            {%- do model['weights'].setdefault(row[1], {}).update({row[2]: row[3] | float}) -%}
            {%- if row[2] == 'exact weighted' -%}
                {%- do model['exact'].update({row[1]: row[4] | float}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(model) }}
{%- endmacro %}

{# `match_weight(model, column, left, right, frequency)`: what a comparison says, in bits. A rare
   value that both have says more than a common one. #}
{% macro match_weight(model, column, left, right, frequency) -%}
    {%- set weights = model['weights'][column] -%}
    case
        when {{ left }} is null or {{ right }} is null then 0
        {%- for level in var('matching')['comparisons'][column] %}
        {%- if level not in weights -%}
        {{ exceptions.raise_compiler_error(
            "The matching model of " ~ model['version'] ~ " does not know the level '" ~ level ~ "' of "
            ~ column ~ ", which the var `matching` names: run `sojourn identity train`, then build again"
        ) }}
        {%- endif %}
        when {{ sojourn.match_level(level, left, right) }}
            then {{ sojourn.double_literal(weights[level]) }}
            {%- if level == 'exact weighted' %} + {{ frequency }}{% endif %}
        {%- endfor %}
        else {{ sojourn.double_literal(weights['else']) }}
    end
{%- endmacro %}

{% macro double_literal(value) -%}
    cast('{{ value }}' as {{ sojourn.type_double() }})
{%- endmacro %}
