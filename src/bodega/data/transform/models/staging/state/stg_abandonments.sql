{{ config(unique_key='key') }}

{% set columns = {
  'cart_id': 'varchar required',
  'abandoned_at': 'timestamptz required',
  'customer_id': 'varchar',
  'units': 'bigint required',
  'value_amount': 'bigint',
  'currency': 'varchar',
  'ordered_at': 'timestamptz'
} %}

{{ latest_state(source('bronze', 'shop__cart_abandonments'), columns) }}
