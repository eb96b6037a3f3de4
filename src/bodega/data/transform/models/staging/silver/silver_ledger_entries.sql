select
  id,
  kind,
  checkout_id,
  payment_id,
  currency,
  occurred_at,
  _position,
  _batch
from {{ ref('stg_ledger_entries') }}
where not _deleted and _reject_reason is null
