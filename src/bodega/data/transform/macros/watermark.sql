{#- The refresh now running: stamped on every row it changes. -#}
{% macro this_batch() -%}
  (select batch from {{ source('meta', 'refresh') }})
{%- endmacro %}

{#- True for rows of `relation` changed since this model last ran. -#}
{% macro changed_since_last_run(relation) -%}
  {% if is_incremental() -%}
    {{ relation }}._batch > (select coalesce(max(_batch), -1) from {{ this }})
  {%- else -%}
    true
  {%- endif %}
{%- endmacro %}

{#- The days a row was on before, as far as readers may still have it there; `before` is the row as
    it was. What counts by the day counts them again. -#}
{% macro days_left(before, column) -%}
  {% if is_incremental() -%}
  case
    when {{ before }}._batch > (select good from {{ source('meta', 'refresh') }})
      then list_append({{ before }}._days_left, {{ before }}.{{ column }})
    else [{{ before }}.{{ column }}]
  end
  {%- else -%}
  {{ empty_list('date') }}
  {%- endif %}
{%- endmacro %}

{#- The rows of `relation` whose `column` is among the ids of `touched`; from nothing, all of them. -#}
{% macro rows_of(relation, column, touched) -%}
  {% if is_incremental() -%}
    (select * from {{ relation }} where {{ column }} in (select id from {{ touched }}))
  {%- else -%}
    {{ relation }}
  {%- endif %}
{%- endmacro %}

{#- True for staging rows that silver shows. -#}
{% macro fit(relation) -%}
  (not {{ relation }}._deleted and {{ relation }}._reject_reason is null)
{%- endmacro %}

{#- The days, or months, on which rows of `model` changed since this model last ran. -#}
{% macro changed_days(shape='day', model='int_sales_lines', column='order_date') -%}
  select distinct {{ month_of('day') if shape == 'month' else 'day' }} as changed
  from (
    select {{ column }} as day from {{ ref(model) }} as rows_of_days
    where {{ changed_since_last_run('rows_of_days') }}
    {% if is_incremental() %}
    union all
    select unnest(_days_left) from {{ ref(model) }} as rows_of_days
    where {{ changed_since_last_run('rows_of_days') }}
    {% endif %}
    {{ or_backfilled() }}
  ) as days
  where day is not null
{%- endmacro %}

{#- A backfill reads the changes of some keys again; only the pipelines' own engine has backfills. -#}
{% macro or_rebuilt(table) -%} {{ return(adapter.dispatch('or_rebuilt', 'bodega')(table)) }} {%- endmacro %}

{% macro default__or_rebuilt(table) -%} {%- endmacro %}

{% macro duckdb__or_rebuilt(table) -%}
  or envelope.key in (select key from {{ source('meta', 'rebuilt') }} where table_name = '{{ table }}')
  or (envelope._op = 't' and exists (
    select 1 from {{ source('meta', 'rebuilt') }} where table_name = '{{ table }}'
  ))
{%- endmacro %}

{% macro or_backfilled() -%} {{ return(adapter.dispatch('or_backfilled', 'bodega')()) }} {%- endmacro %}

{% macro default__or_backfilled() -%} {%- endmacro %}

{% macro duckdb__or_backfilled() -%}
  union all
  select day from {{ source('meta', 'days') }}
{%- endmacro %}

{#- True for rows changed since readers were last given a set; for all of them where everything is
    looked at. What a row was before is not looked at. -#}
{% macro changed_since_published(relation) -%}
  {% if var('incremental', false) -%}
    {{ relation }}._batch > (select good from {{ source('meta', 'refresh') }})
  {%- else -%}
    true
  {%- endif %}
{%- endmacro %}

{#- True for months of `model` that changed since then; for all of them where everything is looked at. -#}
{% macro in_changed_months(month, model) -%}
  {%- set months = source('meta', 'months') -%}
  {%- if var('incremental', false) -%}
    {{ month }} in (select month from {{ months }} where model = '{{ model }}')
  {%- else -%}
    true
  {%- endif -%}
{%- endmacro %}

{#- The rows of a model in its changed months; all of a model that follows no months. -#}
{% macro changed_rows(relation) -%}
  {%- set found = namespace(meta={}, name='') -%}
  {%- for node in (graph.nodes.values() if execute else []) if node.schema == relation.schema and node.alias == relation.identifier -%}
    {%- set found.meta, found.name = node.config.meta, node.name -%}
  {%- endfor -%}
  {%- set month = found.meta.get('partition_by', found.meta.get('month')) -%}
  {%- set follows = found.meta.get('follows', found.name if month == found.meta.get('month') else none) -%}
  {%- if var('incremental', false) and month and follows -%}
    (select * from {{ relation }} where {{ in_changed_months(month, follows) }})
  {%- else -%}
    {{ relation }}
  {%- endif -%}
{%- endmacro %}

{#- Tests of one model look at what changed of it. -#}
{% macro get_where_subquery(relation) -%}
  {%- set rows = changed_rows(relation) -%}
  {{ return(dbt.get_where_subquery(relation) if rows == relation | string else rows ~ ' as changed_rows') }}
{%- endmacro %}
