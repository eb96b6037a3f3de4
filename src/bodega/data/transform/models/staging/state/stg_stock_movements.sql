{{ config(unique_key='key', meta={'month': "strftime(cast(occurred_at as date), '%Y-%m')"}) }}

{% set columns = {
  'id': 'varchar required',
  'variant_id': 'varchar required',
  'location': 'varchar required',
  'quantity': 'bigint required',
  'reason': 'varchar',
  'reference_id': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{{ latest_state(source('bronze', 'shop__inventory_movements'), columns) }}
