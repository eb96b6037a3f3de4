select
  id,
  order_id,
  position,
  kind,
  product_id,
  variant_id,
  sku,
  title,
  quantity,
  unit_price_amount,
  total_amount,
  currency,
  source,
  source_key,
  occurred_at,
  known_at,
  ingested_at,
  _position,
  _batch
from {{ ref('stg_order_lines') }}
where not _deleted and _reject_reason is null
