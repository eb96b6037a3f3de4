{{ config(unique_key='key') }}

{% set columns = {
  'variant_id': 'varchar required',
  'location': 'varchar required',
  'on_hand': 'bigint required'
} %}

{% set rules = {
  'on_hand: negative': "on_hand >= 0"
} %}

{{ latest_state(source('bronze', 'shop__inventory_levels'), columns, rules) }}
