-- Orders with a quarantined line are told of in silver.rejects instead.
select order_id, total_amount, lines_amount, currencies
from {{ ref('int_orders') }} as orders
where {{ changed_since_published('orders') }}
  and not _removed and rejected_lines = 0 and (total_amount <> lines_amount or currencies > 1)
