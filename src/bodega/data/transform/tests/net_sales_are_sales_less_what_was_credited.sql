-- To the minor unit, per order: heads of orders and returns on one side, their lines on the other.
-- Orders with a quarantined line are told of in silver.rejects instead.
with heads as (
  select order_id, total_amount - credited_amount as net
  from {{ ref('int_orders') }} as orders
  where {{ changed_since_published('orders') }}
    and not _removed
    and status <> 'cancelled'
    and rejected_lines = 0
),

lines as (
  select order_id, sum(total_amount) as net
  from {{ ref('fct_order_lines') }}
  where order_id in (select order_id from heads)
  group by order_id
)

select heads.order_id, heads.net, lines.net as expected
from heads
left join lines on lines.order_id = heads.order_id
where heads.net <> coalesce(lines.net, 0)
  and heads.order_id not in (
    select order_id from {{ ref('stg_returns') }}
    where order_id is not null and not _deleted and _reject_reason is not null
  )
