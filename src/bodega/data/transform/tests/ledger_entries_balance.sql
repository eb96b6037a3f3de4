select lines.entry_id, sum(lines.amount) as difference
from {{ ref('silver_ledger_lines') }} as lines
group by lines.entry_id
having sum(lines.amount) <> 0
