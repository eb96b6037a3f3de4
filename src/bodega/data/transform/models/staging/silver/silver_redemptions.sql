select
  id,
  checkout_id,
  promotion_id,
  coupon_code,
  customer_id,
  discount_amount,
  discount_currency,
  redeemed_at,
  released_at,
  _position,
  _batch
from {{ ref('stg_redemptions') }}
where not _deleted and _reject_reason is null
