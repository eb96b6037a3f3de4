{% set entities = [
  'orders', 'order_lines', 'returns', 'return_lines', 'products', 'variants', 'customers', 'payments', 'payment_refunds', 'ledger_entries', 'ledger_lines', 'stock_levels', 'stock_movements', 'reviews',
  'promotions', 'coupons', 'redemptions', 'abandonments'
] %}

{% for entity in entities %}
select
  '{{ entity }}' as entity,
  key,
  _reject_reason as reason,
  {{ instant_of('ts_ms') }} as changed_at,
  _position
from {{ ref('stg_' ~ entity) }}
where not _deleted and _reject_reason is not null
union all
{% endfor %}
{% for entity, key in {
  'market_prices': ['symbol', 'price_date'], 'market_statements': ['symbol', 'period_end'], 'weather_days': ['place', 'weather_date']
}.items() %}
select
  '{{ entity }}' as entity,
  concat_ws(' ', {{ key[0] }}, cast({{ key[1] }} as {{ sql_type('varchar') }})) as key,
  _reject_reason as reason,
  known_at as changed_at,
  cast(null as bigint) as _position
from {{ ref('stg_' ~ entity) }}
where _reject_reason is not null
{{ 'union all' if not loop.last }}
{% endfor %}
