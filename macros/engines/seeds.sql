{# After a seed: dbt-spark's session method pastes values into its SQL, and loads an empty one as the
   text `None`, and quotes and backslashes wrong. So Spark loads them again. Elsewhere nothing. #}
{% macro mend_seed() -%}
    {{ return(adapter.dispatch('mend_seed', 'sojourn')()) }}
{%- endmacro %}

{% macro default__mend_seed() -%}
    {{ return('') }}
{%- endmacro %}

{% macro spark__mend_seed() -%}
    {%- set seed = load_agate_table() if execute -%}
    {%- if not seed or not seed.rows -%}
        {{ return('') }}
    {%- endif -%}
    {%- set columns = adapter.get_columns_in_relation(this) -%}
    {%- set sql -%}
        insert overwrite table {{ this }}
        select
            {% for column in columns -%}
            cast({{ column.quoted }} as {{ column.dtype }}){{ ',' if not loop.last }}
            {% endfor %}
        from values
            {% for row in seed.rows -%}
            (
                {%- for value in row -%}
                {{ 'null' if value is none else sojourn.text_literal(value | string) }}{{ ', ' if not loop.last }}
                {%- endfor -%}
            ){{ ',' if not loop.last }}
            {% endfor %}
            as seed ({{ columns | map(attribute='quoted') | join(', ') }})
    {%- endset -%}
    {{ return(sql) }}
{%- endmacro %}
