with lines as (

    select * from {{ ref('sojourn', 'pos_lines_deduplicated') }}

),

sold_receipts as (

    select distinct receipt_id
    from lines
    where not is_return

),

unmatched as (

    select
        lines.row_id,
        lines.file_path,
        lines.load_id,
        lines.file_line,
        'the returned receipt is not known' as quarantine_reason,
        lines.loaded_at

    from lines
    left join sold_receipts on lines.returned_receipt_id = sold_receipts.receipt_id
    where
        lines.is_return
        and sold_receipts.receipt_id is null

)

select * from unmatched
