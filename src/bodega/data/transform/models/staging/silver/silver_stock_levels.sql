select
  variant_id,
  location,
  on_hand,
  _position,
  _batch
from {{ ref('stg_stock_levels') }}
where not _deleted and _reject_reason is null
