{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'product_id': 'varchar required',
  'price_amount': 'bigint required',
  'price_currency': 'varchar required',
  'known_at': 'timestamptz required'
} %}

{{ history(source('bronze', 'shop__catalog_variants'), columns) }}
