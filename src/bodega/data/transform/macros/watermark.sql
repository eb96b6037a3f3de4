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

{#- True for staging rows that silver shows. -#}
{% macro fit(relation) -%}
  (not {{ relation }}._deleted and {{ relation }}._reject_reason is null)
{%- endmacro %}

{#- The days, or months, on which sales changed since this model last ran. -#}
{% macro changed_days(shape='day') -%}
  select distinct {{ month_of('day') if shape == 'month' else 'day' }} as changed
  from (
    select order_date as day from {{ ref('int_sales_lines') }} as lines
    where {{ changed_since_last_run('lines') }}
    {% if is_incremental() %}
    union all
    select unnest(_days_left) from {{ ref('int_sales_lines') }} as lines
    where {{ changed_since_last_run('lines') }}
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
