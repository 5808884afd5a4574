{# `changed_conversions()`: conversion_id of the conversions that `credits` credits anew: those that
   changed themselves or by their person, touches, milestones or rules; those that are no more; those
   that a model credits by another fit now. Of `credits` alone. #}
{% macro changed_conversions() -%}
    select conversion_id
    from {{ ref('sojourn', 'conversion_fingerprints') }}
    where changed_in > {{ sojourn.last_run() }}

    union

    {#- Every model has all conversions: the rows of one tell which there were. #}
    select credited_before.conversion_id
    from {{ this }} as credited_before
    left join {{ ref('sojourn', 'conversions') }} as conversions
        on credited_before.conversion_id = conversions.conversion_id
    where
        credited_before.model = (select min(model) from {{ this }})
        and conversions.conversion_id is null

    union

    select credited_before.conversion_id
    from {{ this }} as credited_before
    inner join (
        select
            fits_before.conversion_type,
            fits_before.model
        from (select distinct conversion_type, model, fit_version from {{ this }}) as fits_before
        left join ({{ sojourn.fits_in_use() }}) as fits_in_use
            on
                fits_before.conversion_type = fits_in_use.conversion_type
                and fits_before.model = fits_in_use.model
        where fits_before.fit_version is distinct from fits_in_use.fit_version
    ) as fits_left
        on
            credited_before.conversion_type = fits_left.conversion_type
            and credited_before.model = fits_left.model
{%- endmacro %}

{# Before `credits`: writes the conversions that it credits anew to `conversions_to_credit`, from which
   the views `credits_by_<model>` start; all, on a full build. #}
{% macro list_conversions_to_credit() -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if (
            node.name.startswith('credits_by_') and node.name[11:] in var('attribution_models')
            and node.resource_type == 'model' and node.config.materialized not in ['view', 'ephemeral']
        ) -%}
            {{ exceptions.raise_compiler_error(
                node.name ~ ' must be a view, not a ' ~ node.config.materialized ~ ': it starts from the '
                ~ 'conversions that this run credits.'
            ) }}
        {%- endfor -%}
        {%- set listed = ref('sojourn', 'conversions_to_credit') -%}
        {%- if is_incremental() -%}
            {%- set rows = sojourn.changed_conversions() -%}
        {%- else -%}
            {%- set rows = 'select conversion_id from ' ~ ref('sojourn', 'conversions') -%}
        {%- endif -%}
        {%- do sojourn.overwrite(listed, rows) -%}
    {%- endif -%}
{%- endmacro %}
