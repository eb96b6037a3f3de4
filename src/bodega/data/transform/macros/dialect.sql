{#- What differs between engines, one macro each: DuckDB here, another warehouse by dispatch. -#}

{#- A JSON text as a struct of texts; null where the text is not JSON. -#}
{% macro json_row(expression, names) -%}
  {{ return(adapter.dispatch('json_row', 'bodega')(expression, names)) }}
{%- endmacro %}

{% macro default__json_row(expression, names) -%}
  from_json({{ expression }}, '{% for name in names %}`{{ name }}` string{{ ', ' if not loop.last }}{% endfor %}')
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
  (max_by(named_struct('v', {{ expression }}), {{ bodega.place() }}) filter (where {{ known }})).v
{%- endmacro %}

{% macro duckdb__newest(expression, known) -%}
  struct_extract(arg_max(struct_pack(v := {{ expression }}), {{ bodega.place() }}) filter (where {{ known }}), 'v')
{%- endmacro %}

{% macro listed(values, name) -%}
  {{ return(adapter.dispatch('listed', 'bodega')(values, name)) }}
{%- endmacro %}

{% macro default__listed(values, name) -%} coalesce(array_contains({{ values }}, '{{ name }}'), false) {%- endmacro %}

{% macro duckdb__listed(values, name) -%} coalesce(list_contains({{ values }}, '{{ name }}'), false) {%- endmacro %}

{#- A whole history is read again by each that asks: kept between, it would fill the memory. -#}
{% macro read_each_time() -%} {{ return(adapter.dispatch('read_each_time', 'bodega')()) }} {%- endmacro %}
{% macro default__read_each_time() -%} {%- endmacro %}
{% macro duckdb__read_each_time() -%} not materialized {%- endmacro %}

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

{#- An instant as whole microseconds since 1970: the same text everywhere. -#}
{% macro micros(instant) -%}
  {{ return(adapter.dispatch('micros', 'bodega')(instant)) }}
{%- endmacro %}

{% macro default__micros(instant) -%} unix_micros({{ instant }}) {%- endmacro %}

{% macro duckdb__micros(instant) -%} epoch_us({{ instant }}) {%- endmacro %}

{#- Every day from one to another, both included, as rows of `date`; the two are told by `relation`. -#}
{% macro days_from_to(relation, first, last) -%}
  {{ return(adapter.dispatch('days_from_to', 'bodega')(relation, first, last)) }}
{%- endmacro %}

{% macro default__days_from_to(relation, first, last) -%}
  select explode(sequence({{ first }}, {{ last }})) as date from {{ relation }}
{%- endmacro %}

{% macro duckdb__days_from_to(relation, first, last) -%}
  select cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date) as date from {{ relation }}
{%- endmacro %}

{% macro iso_year(day) -%} {{ return(adapter.dispatch('iso_year', 'bodega')(day)) }} {%- endmacro %}
{% macro default__iso_year(day) -%} extract(yearofweek from {{ day }}) {%- endmacro %}
{% macro duckdb__iso_year(day) -%} isoyear({{ day }}) {%- endmacro %}

{#- Monday is 1. -#}
{% macro iso_weekday(day) -%} {{ return(adapter.dispatch('iso_weekday', 'bodega')(day)) }} {%- endmacro %}
{% macro default__iso_weekday(day) -%} (weekday({{ day }}) + 1) {%- endmacro %}
{% macro duckdb__iso_weekday(day) -%} isodow({{ day }}) {%- endmacro %}

{#- Whether a whole text is a pattern's. -#}
{% macro is_like(text, pattern) -%}
  {{ return(adapter.dispatch('is_like', 'bodega')(text, pattern)) }}
{%- endmacro %}

{% macro default__is_like(text, pattern) -%} {{ text }} rlike '^({{ pattern }})$' {%- endmacro %}

{% macro duckdb__is_like(text, pattern) -%} regexp_full_match({{ text }}, '{{ pattern }}') {%- endmacro %}

{#- A type by its name in DuckDB, in the words of the engine. -#}
{% macro sql_type(name) -%} {{ return(adapter.dispatch('sql_type', 'bodega')(name)) }} {%- endmacro %}

{% macro default__sql_type(name) -%}
  {{ return({'varchar': 'string', 'timestamptz': 'timestamp', 'integer': 'int'}.get(name, name)) }}
{%- endmacro %}

{% macro duckdb__sql_type(name) -%} {{ return(name) }} {%- endmacro %}
