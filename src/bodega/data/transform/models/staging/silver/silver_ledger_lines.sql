select
  entry_id,
  position,
  account,
  amount,
  _position,
  _batch
from {{ ref('stg_ledger_lines') }}
where not _deleted and _reject_reason is null
