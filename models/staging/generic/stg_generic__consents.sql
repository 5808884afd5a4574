with raw_consents as (

    {{ sojourn.generic_rows('consents', [
        'id', 'identifier_type', 'identifier_value', 'channel', 'purpose', 'status', 'source',
        'changed_at',
    ]) }}

),

renamed as (

    select
        source_name,
        coalesce({{ sojourn.clean('id') }}, _row_id) as consent_id,
        lower({{ sojourn.clean('identifier_type') }}) as identifier_type,
        {{ sojourn.clean('identifier_value') }} as identifier_value,
        lower({{ sojourn.clean('channel') }}) as channel,
        lower({{ sojourn.clean('purpose') }}) as purpose,
        lower({{ sojourn.clean('status') }}) as status,
        {{ sojourn.clean('source') }} as statement_source,
        identifiers,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp('changed_at') }} as changed_at,
        coalesce(_loaded_at, {{ sojourn.run_at() }}) as loaded_at

    from raw_consents

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['identifier_type', 'identifier_value', 'channel', 'status'],
            times=['changed_at'],
            others={
                'status is neither granted nor denied':
                    "status not in ('granted', 'denied', 'unknown')",
            },
        ) }} as quarantine_reason

    from renamed

)

select * from judged
