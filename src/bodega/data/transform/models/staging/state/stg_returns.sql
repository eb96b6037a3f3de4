{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'order_id': 'varchar',
  'customer_id': 'varchar',
  'country': 'varchar',
  'reason': 'varchar',
  'total_amount': 'bigint required',
  'currency': 'varchar required',
  'source': 'varchar',
  'source_key': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{% set rules = {
  'currency: not a currency code': is_like('currency', '[A-Z]{3}')
} %}

{{ latest_state(source('bronze', 'shop__orders_returns'), columns, rules) }}
