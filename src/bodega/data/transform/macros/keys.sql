{#- The key of one version of a dimension: whose it is and since when. -#}
{% macro version_key(key, since) -%}
  {{ digest("concat_ws('|', " ~ key ~ ", cast(" ~ micros(since) ~ " as " ~ sql_type('varchar') ~ "))") }}
{%- endmacro %}

{#- Who bought: the account; a guest by the token of the e-mail; else nobody. -#}
{% macro buyer(customer_id, email_token) -%}
  coalesce({{ customer_id }}, 'guest:' || {{ email_token }})
{%- endmacro %}

{#- Through which door an order came: the shop itself or an import, in a currency. -#}
{% macro channel_key(source, currency) -%}
  coalesce({{ source }}, 'shop') || ':' || {{ currency }}
{%- endmacro %}
