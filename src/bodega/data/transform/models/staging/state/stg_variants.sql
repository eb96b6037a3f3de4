{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'product_id': 'varchar required',
  'sku': 'varchar required',
  'title': 'varchar',
  'price_amount': 'bigint required',
  'price_currency': 'varchar required',
  'status': 'varchar required',
  'source': 'varchar',
  'source_key': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{% set rules = {
  'price_amount: negative': "price_amount >= 0",
  'price_currency: not a currency code': is_like('price_currency', '[A-Z]{3}')
} %}

{{ latest_state(source('bronze', 'shop__catalog_variants'), columns, rules) }}
