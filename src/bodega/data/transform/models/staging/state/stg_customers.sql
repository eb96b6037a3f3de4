{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'role': 'varchar required',
  'status': 'varchar required',
  'country': 'varchar',
  'email': 'token',
  'source': 'varchar',
  'source_key': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{% set rules = {
  'role: unknown': "role in ('customer', 'staff', 'admin')"
} %}

{{ latest_state(source('bronze', 'shop__identity_users'), columns, rules) }}
