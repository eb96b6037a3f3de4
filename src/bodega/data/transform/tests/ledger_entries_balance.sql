-- Of entries with a line that changed.
select entry_id, sum(amount) as difference
from {{ ref('silver_ledger_lines') }}
where entry_id in (
  select entry_id from {{ ref('silver_ledger_lines') }} as lines where {{ changed_since_published('lines') }}
)
group by entry_id
having sum(amount) <> 0
