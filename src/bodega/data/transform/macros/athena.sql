{#- Athena (Trino's SQL): compiled and parsed by tests, and never run by us. -#}
{% macro athena__json_row(expression, names) -%}
  try(cast(json_parse({{ expression }}) as row({% for name in names %}"{{ name }}" varchar{{ ', ' if not loop.last }}{% endfor %})))
{%- endmacro %}

{% macro athena__newest(expression, known) -%}
  max_by(row({{ expression }}), {{ bodega.place() }}) filter (where {{ known }})[1]
{%- endmacro %}

{% macro athena__listed(values, name) -%} coalesce(contains({{ values }}, '{{ name }}'), false) {%- endmacro %}
{% macro athena__utc_day(expression) -%} cast({{ expression }} at time zone 'UTC' as date) {%- endmacro %}
{% macro athena__month_of(day) -%} date_format({{ day }}, '%Y-%m') {%- endmacro %}
{% macro athena__instant_of(ms) -%} from_unixtime({{ ms }} / 1000e0) {%- endmacro %}
{% macro athena__days_between(earlier, later) -%} date_diff('day', {{ earlier }}, {{ later }}) {%- endmacro %}
{% macro athena__micros(instant) -%} cast(to_unixtime({{ instant }}) * 1000000 as bigint) {%- endmacro %}
{% macro athena__iso_year(day) -%} year_of_week({{ day }}) {%- endmacro %}
{% macro athena__iso_weekday(day) -%} day_of_week({{ day }}) {%- endmacro %}
{% macro athena__is_like(text, pattern) -%} regexp_like({{ text }}, '^({{ pattern }})$') {%- endmacro %}
{% macro athena__empty_list(type) -%} cast(array[] as array({{ bodega.sql_type(type) }})) {%- endmacro %}
{% macro athena__digest(text) -%} lower(to_hex(md5(to_utf8({{ text }})))) {%- endmacro %}
{% macro athena__of_place(place, part) -%} {{ place }}[{{ 1 if part == 'p' else 2 }}] {%- endmacro %}

{% macro athena__place(position, sequence) -%}
  row(cast({{ position }} as bigint), cast({{ sequence }} as bigint))
{%- endmacro %}

{% macro athena__last_known(value, known, window) -%}
  (last_value(case when {{ known }} then row({{ value }}) end) ignore nulls over {{ window }})[1]
{%- endmacro %}

{% macro athena__days_from_to(relation, first, last) -%}
  select days.date from {{ relation }} cross join unnest(sequence({{ first }}, {{ last }})) as days (date)
{%- endmacro %}

{% macro athena__sql_type(name) -%}
  {{ return({'timestamptz': 'timestamp(6) with time zone'}.get(name, name)) }}
{%- endmacro %}
