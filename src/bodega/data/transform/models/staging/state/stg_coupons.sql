{{ config(unique_key='key') }}

{% set columns = {
  'code': 'varchar required',
  'promotion_id': 'varchar required',
  'active': 'boolean required',
  'created_at': 'timestamptz required'
} %}

{{ latest_state(source('bronze', 'shop__pricing_coupons'), columns) }}
