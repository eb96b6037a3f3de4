select
  id,
  payment_id,
  amount_amount,
  amount_currency,
  status,
  failure_code,
  occurred_at,
  known_at,
  ingested_at,
  _position,
  _batch
from {{ ref('stg_payment_refunds') }}
where not _deleted and _reject_reason is null
