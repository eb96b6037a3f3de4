select
  id,
  product_id,
  customer_id,
  rating,
  status,
  occurred_at,
  known_at,
  ingested_at,
  _position,
  _batch
from {{ ref('stg_reviews') }}
where not _deleted and _reject_reason is null
