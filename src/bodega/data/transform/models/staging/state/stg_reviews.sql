{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'product_id': 'varchar required',
  'customer_id': 'varchar',
  'rating': 'integer required',
  'status': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{% set rules = {
  'rating: not 1 to 5': "rating between 1 and 5"
} %}

{{ latest_state(source('bronze', 'shop__reviews_reviews'), columns, rules) }}
