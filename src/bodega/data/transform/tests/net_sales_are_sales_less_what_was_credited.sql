-- To the minor unit, per order: heads of orders and returns on one side, their lines on the other.
-- Orders with a quarantined line are told of in silver.rejects instead.
with lines as (
  select order_id, sum(total_amount) as net
  from {{ ref('fct_order_lines') }}
  group by order_id
)

select orders.order_id, orders.net_amount, lines.net
from {{ ref('fct_orders') }} as orders
inner join {{ ref('int_orders') }} as heads on heads.order_id = orders.order_id
left join lines on lines.order_id = orders.order_id
where orders.status <> 'cancelled'
  and heads.rejected_lines = 0
  and orders.net_amount <> coalesce(lines.net, 0)
  and orders.order_id not in (
    select order_id from {{ ref('stg_returns') }}
    where order_id is not null and not _deleted and _reject_reason is not null
  )
