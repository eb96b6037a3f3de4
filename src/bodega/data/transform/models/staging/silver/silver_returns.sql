select
  id,
  order_id,
  customer_id,
  country,
  reason,
  total_amount,
  currency,
  source,
  source_key,
  occurred_at,
  known_at,
  ingested_at,
  _position,
  _batch
from {{ ref('stg_returns') }}
where not _deleted and _reject_reason is null
