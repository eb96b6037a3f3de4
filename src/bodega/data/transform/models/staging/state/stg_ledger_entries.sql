{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'kind': 'varchar required',
  'checkout_id': 'varchar',
  'payment_id': 'varchar',
  'currency': 'varchar required',
  'occurred_at': 'timestamptz required'
} %}

{% set rules = {
  'currency: not a currency code': is_like('currency', '[A-Z]{3}')
} %}

{{ latest_state(source('bronze', 'shop__payments_ledger_entries'), columns, rules) }}
