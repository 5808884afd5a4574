with raw_changes as (

    {{ sojourn.raw_table('consents', 'changes', [
        'consent_id', 'identifier_type', 'identifier_value', 'channel', 'purpose', 'status',
        'source', 'changed_at', 'identifier_value__standard',
    ]) }}

),

renamed as (

    select
        coalesce({{ sojourn.clean('consent_id') }}, _row_id) as consent_id,
        lower({{ sojourn.clean('identifier_type') }}) as identifier_type,
        identifier_value__standard as identifier_value,
        lower({{ sojourn.clean('channel') }}) as channel,
        lower({{ sojourn.clean('purpose') }}) as purpose,
        lower({{ sojourn.clean('status') }}) as status,
        {{ sojourn.clean('source') }} as statement_source,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp('changed_at') }} as changed_at,
        _loaded_at as loaded_at

    from raw_changes

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['identifier_type', 'identifier_value', 'channel', 'purpose', 'status'],
            times=['changed_at'],
            others={
                'status is neither granted nor denied':
                    "status not in ('granted', 'denied', 'unknown')",
            },
        ) }} as quarantine_reason

    from renamed

)

select * from judged
