select lines.line_id
from {{ changed_rows(ref('fct_order_lines')) }} as lines
inner join {{ ref('fct_orders') }} as orders on orders.order_id = lines.order_id
where not lines.is_return and lines.currency <> orders.currency
