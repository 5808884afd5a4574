-- Fitted models (Markov, Shapley) write their weights here. None is fitted yet, so it is empty.

select
    cast(null as {{ sojourn.type_string() }}) as fit_version,
    cast(null as {{ sojourn.type_string() }}) as conversion_type,
    cast(null as {{ sojourn.type_string() }}) as model,
    cast(null as {{ sojourn.type_string() }}) as dimension,
    cast(null as {{ sojourn.type_string() }}) as value,
    cast(null as {{ sojourn.type_double() }}) as removal_effect,
    cast(null as {{ sojourn.type_double() }}) as weight,
    cast(null as {{ sojourn.type_double() }}) as ci_low,
    cast(null as {{ sojourn.type_double() }}) as ci_high

where 1 = 0
