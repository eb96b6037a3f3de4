{#- What differs between engines, one macro each: DuckDB here, another warehouse by dispatch. -#}

{#- A JSON text as a struct of texts; null where the text is not JSON. -#}
{% macro json_row(expression, names) -%}
  {{ return(adapter.dispatch('json_row', 'bodega')(expression, names)) }}
{%- endmacro %}

{% macro default__json_row(expression, names) -%}
  from_json({{ expression }}, '{% for name in names %}{{ name }} string{{ ', ' if not loop.last }}{% endfor %}')
{%- endmacro %}

{% macro duckdb__json_row(expression, names) -%}
  json_transform(
    case when json_valid({{ expression }}) then {{ expression }} end,
    '{ {%- for name in names %}"{{ name }}": "VARCHAR"{{ ', ' if not loop.last }}{% endfor -%} }'
  )
{%- endmacro %}

{#- The value of `expression` in the newest row for which it is known, wrapped so that null counts. -#}
{% macro newest(expression, known) -%}
  {{ return(adapter.dispatch('newest', 'bodega')(expression, known)) }}
{%- endmacro %}

{% macro default__newest(expression, known) -%}
  max_by(named_struct('v', {{ expression }}), {{ bodega.place() }}) filter (where {{ known }}).v
{%- endmacro %}

{% macro duckdb__newest(expression, known) -%}
  struct_extract(arg_max(struct_pack(v := {{ expression }}), {{ bodega.place() }}) filter (where {{ known }}), 'v')
{%- endmacro %}

{% macro listed(values, name) -%}
  {{ return(adapter.dispatch('listed', 'bodega')(values, name)) }}
{%- endmacro %}

{% macro default__listed(values, name) -%} coalesce(array_contains({{ values }}, '{{ name }}'), false) {%- endmacro %}

{% macro duckdb__listed(values, name) -%} coalesce(list_contains({{ values }}, '{{ name }}'), false) {%- endmacro %}

{#- The calendar day in UTC. -#}
{% macro utc_day(expression) -%}
  {{ return(adapter.dispatch('utc_day', 'bodega')(expression)) }}
{%- endmacro %}

{% macro default__utc_day(expression) -%} cast({{ expression }} as date) {%- endmacro %}

{% macro duckdb__utc_day(expression) -%} cast(timezone('UTC', {{ expression }}) as date) {%- endmacro %}

{% macro month_of(day) -%}
  {{ return(adapter.dispatch('month_of', 'bodega')(day)) }}
{%- endmacro %}

{% macro default__month_of(day) -%} date_format({{ day }}, 'yyyy-MM') {%- endmacro %}

{% macro duckdb__month_of(day) -%} strftime({{ day }}, '%Y-%m') {%- endmacro %}

{#- Where a change stands in its table's history: commit position, then order inside the commit. -#}
{% macro place(position='_position', sequence='_sequence') -%}
  {{ return(adapter.dispatch('place', 'bodega')(position, sequence)) }}
{%- endmacro %}

{% macro default__place(position, sequence) -%}
  named_struct('p', cast({{ position }} as bigint), 's', cast({{ sequence }} as bigint))
{%- endmacro %}

{% macro duckdb__place(position, sequence) -%}
  struct_pack(p := cast({{ position }} as bigint), s := cast({{ sequence }} as bigint))
{%- endmacro %}

{#- Milliseconds since 1970 as an instant. -#}
{% macro instant_of(ms) -%}
  {{ return(adapter.dispatch('instant_of', 'bodega')(ms)) }}
{%- endmacro %}

{% macro default__instant_of(ms) -%} timestamp_millis({{ ms }}) {%- endmacro %}

{% macro duckdb__instant_of(ms) -%} to_timestamp({{ ms }} / 1000.0) {%- endmacro %}

{#- Whole days from one day to another. -#}
{% macro days_between(earlier, later) -%}
  {{ return(adapter.dispatch('days_between', 'bodega')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%} datediff({{ later }}, {{ earlier }}) {%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%} date_diff('day', {{ earlier }}, {{ later }}) {%- endmacro %}

{#- Whole calendar months from one day to another. -#}
{% macro months_between(earlier, later) -%}
  ((year({{ later }}) - year({{ earlier }})) * 12 + month({{ later }}) - month({{ earlier }}))
{%- endmacro %}

{#- Which of `columns` a row of grouping sets is a total over, as bits, the first the highest. -#}
{% macro grouping_bits(columns) -%}
  {{ return(adapter.dispatch('grouping_bits', 'bodega')(columns)) }}
{%- endmacro %}

{% macro default__grouping_bits(columns) -%}
  ({% for name in columns %}grouping({{ name }}) * {{ 2 ** (columns | length - loop.index) }}{{ ' + ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro duckdb__grouping_bits(columns) -%} grouping({{ columns | join(', ') }}) {%- endmacro %}
