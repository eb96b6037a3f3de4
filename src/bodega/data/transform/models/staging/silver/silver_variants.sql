select
  id,
  product_id,
  sku,
  title,
  price_amount,
  price_currency,
  status,
  source,
  source_key,
  occurred_at,
  known_at,
  ingested_at,
  _position,
  _batch
from {{ ref('stg_variants') }}
where not _deleted and _reject_reason is null
