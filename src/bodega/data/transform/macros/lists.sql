{#- Lists and records, which every engine spells otherwise. -#}
{% macro empty_list(type='varchar') -%}
  {{ return(adapter.dispatch('empty_list', 'bodega')(type)) }}
{%- endmacro %}

{% macro default__empty_list(type) -%} cast(array() as array<{{ bodega.sql_type(type) }}>) {%- endmacro %}

{% macro duckdb__empty_list(type) -%} cast([] as {{ type }}[]) {%- endmacro %}

{% macro list_size(values) -%} {{ return(adapter.dispatch('list_size', 'bodega')(values)) }} {%- endmacro %}
{% macro default__list_size(values) -%} cardinality({{ values }}) {%- endmacro %}
{% macro duckdb__list_size(values) -%} len({{ values }}) {%- endmacro %}

{#- `value` up to this row of `window`: the newest for which `known` holds; a null that is known counts. -#}
{% macro last_known(value, known, window) -%}
  {{ return(adapter.dispatch('last_known', 'bodega')(value, known, window)) }}
{%- endmacro %}

{% macro default__last_known(value, known, window) -%}
  (last_value(case when {{ known }} then named_struct('v', {{ value }}) end) ignore nulls over {{ window }}).v
{%- endmacro %}

{% macro duckdb__last_known(value, known, window) -%}
  struct_extract(
    last_value(case when {{ known }} then struct_pack(v := {{ value }}) end ignore nulls) over {{ window }}, 'v'
  )
{%- endmacro %}

{#- One of the two numbers of a place. -#}
{% macro of_place(place, part) -%}
  {{ return(adapter.dispatch('of_place', 'bodega')(place, part)) }}
{%- endmacro %}

{% macro default__of_place(place, part) -%} {{ place }}.{{ part }} {%- endmacro %}

{#- What tells whether two texts are equal. -#}
{% macro digest(text) -%} {{ return(adapter.dispatch('digest', 'bodega')(text)) }} {%- endmacro %}
{% macro default__digest(text) -%} md5({{ text }}) {%- endmacro %}
