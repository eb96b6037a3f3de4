select
  id,
  number,
  checkout_id,
  customer_id,
  country,
  email as email_token,
  status,
  subtotal_amount,
  total_amount,
  refunded_amount,
  shipping_method,
  currency,
  source,
  source_key,
  occurred_at,
  known_at,
  ingested_at,
  _position,
  _batch
from {{ ref('stg_orders') }}
where not _deleted and _reject_reason is null
