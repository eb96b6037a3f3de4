{{ config(materialized='view') }}

select
  payment_id,
  checkout_id,
  status,
  provider,
  failure_code,
  amount_amount,
  refunded_amount,
  fee_amount,
  currency,
  payment_date,
  payment_month,
  occurred_at,
  known_at
from {{ ref('int_payments') }}
where not _removed
