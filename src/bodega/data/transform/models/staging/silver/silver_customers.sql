select
  id,
  role,
  status,
  country,
  email as email_token,
  source,
  source_key,
  occurred_at,
  known_at,
  ingested_at,
  _position,
  _batch
from {{ ref('stg_customers') }}
where not _deleted and _reject_reason is null
