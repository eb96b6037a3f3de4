{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'checkout_id': 'varchar',
  'amount_amount': 'bigint required',
  'amount_currency': 'varchar required',
  'status': 'varchar required',
  'provider': 'varchar',
  'failure_code': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{% set rules = {
  'amount_amount: negative': "amount_amount >= 0",
  'amount_currency: not a currency code': is_like('amount_currency', '[A-Z]{3}')
} %}

{{ latest_state(source('bronze', 'shop__payments_payments'), columns, rules) }}
