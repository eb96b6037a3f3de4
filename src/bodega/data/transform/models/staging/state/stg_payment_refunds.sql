{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'payment_id': 'varchar required',
  'amount_amount': 'bigint required',
  'amount_currency': 'varchar required',
  'status': 'varchar required',
  'failure_code': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{% set rules = {
  'amount_amount: not positive': "amount_amount > 0",
  'status: unknown': "status in ('pending', 'succeeded', 'failed')",
  'amount_currency: not a currency code': is_like('amount_currency', '[A-Z]{3}')
} %}

{{ latest_state(source('bronze', 'shop__payments_refunds'), columns, rules) }}
