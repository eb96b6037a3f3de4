{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'checkout_id': 'varchar required',
  'promotion_id': 'varchar required',
  'coupon_code': 'varchar',
  'customer_id': 'varchar',
  'discount_amount': 'bigint required',
  'discount_currency': 'varchar required',
  'redeemed_at': 'timestamptz required',
  'released_at': 'timestamptz'
} %}

{% set rules = {
  'discount_currency: not a currency code': is_like('discount_currency', '[A-Z]{3}')
} %}

{{ latest_state(source('bronze', 'shop__pricing_redemptions'), columns, rules) }}
