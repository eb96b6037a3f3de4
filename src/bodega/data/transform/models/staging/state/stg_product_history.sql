{{ config(unique_key='key') }}

{% set columns = {
  'id': 'varchar required',
  'slug': 'varchar required',
  'title': 'varchar required',
  'category': 'varchar',
  'status': 'varchar required',
  'known_at': 'timestamptz required'
} %}

{{ history(source('bronze', 'shop__catalog_products'), columns) }}
