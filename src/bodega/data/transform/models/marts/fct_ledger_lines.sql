{{ config(materialized='view') }}

select
  entry_id,
  position,
  kind,
  account,
  booked_amount,
  currency,
  checkout_id,
  payment_id,
  entry_date,
  entry_month,
  occurred_at
from {{ ref('int_ledger_lines') }}
where not _removed
