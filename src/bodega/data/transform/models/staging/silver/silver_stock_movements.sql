select
  id,
  variant_id,
  location,
  quantity,
  reason,
  reference_id,
  occurred_at,
  known_at,
  ingested_at,
  _position,
  _batch
from {{ ref('stg_stock_movements') }}
where not _deleted and _reject_reason is null
