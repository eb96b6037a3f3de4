with lines as (
  select currency, sum(total_amount) as net, sum(quantity) as units
  from {{ changed_rows(ref('fct_order_lines')) }} as lines
  where kind = 'product' and product_id is not null
  group by currency
),

products as (
  select currency, sum(net_amount) as net, sum(units - returned_units) as units
  from {{ changed_rows(ref('mart_product_sales')) }} as sales
  group by currency
)

select *
from lines
full outer join products on products.currency = lines.currency
where lines.net is distinct from products.net or lines.units is distinct from products.units
