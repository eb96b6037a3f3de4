-- Of lines that were quoted here; those of imported histories tell neither discounts nor taxes.
select id, quantity, unit_price_amount, discount_amount, tax_amount, total_amount
from {{ ref('silver_order_lines') }} as lines
where {{ changed_since_published('lines') }}
  and source is null
  and (discount_amount is not null or tax_amount is not null)
  and total_amount <> unit_price_amount * quantity - coalesce(discount_amount, 0)
    + case when tax_included then 0 else coalesce(tax_amount, 0) end
