{{ config(unique_key='key') }}

{% set columns = {
  'entry_id': 'varchar required',
  'position': 'integer required',
  'account': 'varchar required',
  'amount': 'bigint required'
} %}

{{ latest_state(source('bronze', 'shop__payments_ledger_lines'), columns) }}
