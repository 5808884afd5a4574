{# `identity_rules()`: a fingerprint of the seeds that say how identifiers are judged. #}
{% macro identity_rules() -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for seed in ['identifier_types', 'blocked_identifiers'] -%}
            {%- set relation = ref(seed) -%}
            {%- if load_relation(relation) is not none -%}
                {%- for row in run_query('select * from ' ~ relation).rows -%}
                    {%- do found.append(seed ~ row.values() | map('string') | join('|')) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(local_md5(found | sort | join('\n'))) }}
{%- endmacro %}

{# `identity_rules_stay(rules)`: whether this incremental table was made by these rules, so that
   only what was observed since needs judging. #}
{% macro identity_rules_stay(rules) -%}
    {%- if not (execute and is_incremental()) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set made_by = run_query('select min(rules), max(rules) from ' ~ this).rows[0] -%}
    {{ return(made_by[0] == rules and made_by[1] == rules) }}
{%- endmacro %}

{# `tier_of(types)`: the tier of an identifier that was left joined to the seed `identifier_types`. A type
   that the seed does not know joins after the account ids and before e-mail. #}
{% macro tier_of(types) -%}
    coalesce({{ types }}.tier, 2)
{%- endmacro %}
