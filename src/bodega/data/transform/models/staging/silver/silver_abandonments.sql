select
  cart_id,
  abandoned_at,
  customer_id,
  units,
  value_amount,
  currency,
  ordered_at,
  _position,
  _batch
from {{ ref('stg_abandonments') }}
where not _deleted and _reject_reason is null
