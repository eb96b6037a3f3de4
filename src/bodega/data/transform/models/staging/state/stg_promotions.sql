{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'title': 'varchar required',
  'kind': 'varchar required',
  'currency': 'varchar required',
  'automatic': 'boolean required',
  'active': 'boolean required',
  'starts_at': 'timestamptz',
  'ends_at': 'timestamptz',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required'
} %}

{{ latest_state(source('bronze', 'shop__pricing_promotions'), columns) }}
