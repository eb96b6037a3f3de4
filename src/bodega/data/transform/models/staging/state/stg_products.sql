{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'slug': 'varchar required',
  'title': 'varchar required',
  'category': 'varchar',
  'status': 'varchar required',
  'source': 'varchar',
  'source_key': 'varchar',
  'occurred_at': 'timestamptz required',
  'known_at': 'timestamptz required',
  'ingested_at': 'timestamptz'
} %}

{% set rules = {
  'status: unknown': "status in ('active', 'draft', 'archived')"
} %}

{{ latest_state(source('bronze', 'shop__catalog_products'), columns, rules) }}
