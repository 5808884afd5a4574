with raw_calls as (

    {{ sojourn.raw_table('calls', 'calls', [
        'call_id', 'started_at', 'direction', 'caller_number', 'caller_country', 'agent_id',
        'duration_seconds', 'topic', 'outcome', 'loyalty_number', 'order_number', 'campaign_code',
        'caller_number__standard',
    ]) }}

),

renamed as (

    select
        coalesce({{ sojourn.clean('call_id') }}, _row_id) as call_id,
        caller_number__standard as phone,
        {{ sojourn.clean('loyalty_number') }} as loyalty_number,
        {{ sojourn.clean('order_number') }} as order_number,
        {{ sojourn.clean('agent_id') }} as agent_id,
        lower({{ sojourn.clean('direction') }}) as direction,
        {{ sojourn.clean('topic') }} as topic,
        {{ sojourn.clean('outcome') }} as outcome,
        {{ sojourn.clean('campaign_code') }} as campaign_code,
        {{ sojourn.try_cast('duration_seconds', sojourn.type_bigint()) }} as duration_seconds,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.parse_timestamp('started_at') }} as started_at,
        _loaded_at as loaded_at

    from raw_calls

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(keys=[], times=['started_at']) }} as quarantine_reason

    from renamed

)

select * from judged
