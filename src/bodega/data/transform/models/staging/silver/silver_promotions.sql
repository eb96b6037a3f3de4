select
  id,
  title,
  kind,
  currency,
  automatic,
  active,
  starts_at,
  ends_at,
  occurred_at,
  known_at,
  _position,
  _batch
from {{ ref('stg_promotions') }}
where not _deleted and _reject_reason is null
