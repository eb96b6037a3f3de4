select
  code,
  promotion_id,
  active,
  created_at,
  _position,
  _batch
from {{ ref('stg_coupons') }}
where not _deleted and _reject_reason is null
