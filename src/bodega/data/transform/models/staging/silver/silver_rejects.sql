{% set entities = [
  'orders', 'order_lines', 'returns', 'return_lines', 'products', 'variants', 'customers', 'payments', 'payment_refunds', 'ledger_entries', 'ledger_lines', 'stock_levels', 'stock_movements', 'reviews',
  'promotions', 'coupons', 'redemptions', 'abandonments'
] %}

{% for entity in entities %}
select
  '{{ entity }}' as entity,
  key,
  _reject_reason as reason,
  to_timestamp(ts_ms / 1000.0) as changed_at,
  _position
from {{ ref('stg_' ~ entity) }}
where not _deleted and _reject_reason is not null
{{ 'union all' if not loop.last }}
{% endfor %}
