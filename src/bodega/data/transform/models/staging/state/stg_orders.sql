{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'number': 'bigint required',
  'checkout_id': 'varchar',
  'customer_id': 'varchar',
  'country': 'varchar',
  'email': 'token',
  'status': 'varchar required',
  'subtotal_amount': 'bigint required',
  'total_amount': 'bigint required',
  'refunded_amount': 'bigint',
  'shipping_method': 'varchar',
  'currency': 'varchar required',
  'source': 'varchar',
  'source_key': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{% set rules = {
  'status: unknown': "status in ('pending', 'paid', 'allocated', 'partially_fulfilled', 'fulfilled', 'partially_delivered', 'delivered', 'partially_returned', 'returned', 'cancelled')",
  'currency: not a currency code': is_like('currency', '[A-Z]{3}')
} %}

{{ latest_state(source('bronze', 'shop__orders_orders'), columns, rules) }}
