with raw_opportunity_contact_roles as (

    {{ sojourn.raw_table('salesforce', 'opportunity_contact_roles', [
        'id', 'opportunity_id', 'contact_id', 'role', 'is_primary', 'created_date',
        'last_modified_date', 'is_deleted',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('id') }} as role_id,
        {{ sojourn.clean('opportunity_id') }} as opportunity_id,
        {{ sojourn.clean('contact_id') }} as contact_id,
        {{ sojourn.clean('role') }} as role_name,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        coalesce({{ sojourn.boolean('is_primary') }}, false) as is_primary,
        coalesce({{ sojourn.boolean('is_deleted') }}, false) as is_deleted,
        {{ sojourn.parse_timestamp('created_date') }} as created_at,
        coalesce(
            {{ sojourn.parse_timestamp('last_modified_date') }},
            {{ sojourn.parse_timestamp('created_date') }}
        ) as modified_at,
        _loaded_at as loaded_at

    from raw_opportunity_contact_roles

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['role_id', 'opportunity_id', 'contact_id'],
            times=['modified_at'],
        ) }} as quarantine_reason

    from renamed

)

select * from judged
