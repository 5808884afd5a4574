{# `credit_by_role('weighted', others)`: conversion_id, touchpoint_id and credit from the rows of a CTE
   with conversion_id, touchpoint_id, role_weight and has_role: what a touch earns by its roles in the
   path, plus an even part of the weight `others` if it has none. Roles that no touch has, and `others`
   where all have one, leave their weight to the rest in proportion. If that is nothing, all touches
   earn the same. #}
{% macro credit_by_role(weighted, others) -%}
    {%- set double = sojourn.type_double() -%}
    select
        conversion_id,
        touchpoint_id,
        case
            when role_weights + case when other_count > 0 then {{ others }} else 0 end = 0
                then cast(1 as {{ double }}) / touch_count
            else
                cast(
                    case
                        when has_role then role_weight
                        else cast({{ others }} as {{ double }}) / other_count
                    end
                    as {{ double }}
                ) / (role_weights + case when other_count > 0 then {{ others }} else 0 end)
        end as credit

    from (
        select
            conversion_id,
            touchpoint_id,
            has_role,
            cast(role_weight as {{ double }}) as role_weight,
            sum(cast(role_weight as {{ double }})) over (partition by conversion_id)
                as role_weights,
            sum(case when has_role then 0 else 1 end) over (partition by conversion_id)
                as other_count,
            count(*) over (partition by conversion_id) as touch_count

        from {{ weighted }}
    ) as totalled
{%- endmacro %}
