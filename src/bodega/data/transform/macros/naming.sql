{#- Schemas are named as the design names them, without the target's prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}

{#- `stg_orders` and `silver_orders` are model names; the relation is `staging.orders`, `silver.orders`. -#}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {{ custom_alias_name or node.name | replace('stg_', '', 1) | replace('silver_', '', 1) if node.name.startswith(('stg_', 'silver_')) else custom_alias_name or node.name }}
{%- endmacro %}
