{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'return_id': 'varchar required',
  'order_line_id': 'varchar',
  'kind': 'varchar required',
  'product_id': 'varchar',
  'variant_id': 'varchar',
  'sku': 'varchar',
  'title': 'varchar',
  'quantity': 'bigint required',
  'unit_price_amount': 'bigint',
  'total_amount': 'bigint required',
  'currency': 'varchar required',
  'source': 'varchar',
  'source_key': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{% set rules = {
  'kind: unknown': "kind in ('product', 'shipping', 'fee', 'discount', 'adjustment')",
  'currency: not a currency code': is_like('currency', '[A-Z]{3}')
} %}

{{ latest_state(source('bronze', 'shop__orders_return_lines'), columns, rules) }}
