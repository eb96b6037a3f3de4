{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'role': 'varchar required',
  'status': 'varchar required',
  'country': 'varchar',
  'known_at': 'timestamptz required'
} %}

{{ history(source('bronze', 'shop__identity_users'), columns) }}
