{#- Type 2 history: one row per key and distinct set of `columns`, valid from the instant it was
    known. The first version is known since the source says so, later ones since their commit. -#}
{% macro history(bronze, columns) -%}
with unseen as (
  select * from {{ bronze }}
  where _position <= (select upto from {{ source('meta', 'refresh') }})
  {% if is_incremental() %}
    and _position >= (select since from {{ source('meta', 'bronze') }} where table_name = '{{ bronze.identifier }}')
  {% endif %}
),

{% if is_incremental() %}
{{ told_again() }},
{% endif %}

told as (
  {{ typed_changes('unseen', columns) }}
  {% if is_incremental() %}
  union all
  select
    key, {{ columns.keys() | join(', ') }}, null as _miscast, {{ empty_list() }} as _unchanged,
    not _deleted as _knows, _deleted, ts_ms, _position, _sequence
  from {{ this }}
  where key in (select key from told_again)
  {% endif %}
),

-- A truncate is a delete of every key known before it.
changes as (
  select * from told
  union all
  select
    keys.key, {% for name in columns %}null as {{ name }}, {% endfor %}null as _miscast, {{ empty_list() }} as _unchanged,
    false as _knows, true as _deleted, truncates.ts_ms, truncates._position, truncates._sequence
  from (select key, min({{ place() }}) as born from told group by key) as keys
  inner join (select * from unseen where _op = 't') as truncates
    on {{ place('truncates._position', 'truncates._sequence') }} > keys.born
),

filled as (
  select
    key,
    {% for name in columns %}
    {{ last_known(name, '_knows and not ' ~ listed('_unchanged', name), 'so_far') }} as {{ name }},
    {% endfor %}
    _deleted,
    ts_ms,
    _position,
    _sequence
  from changes
  window so_far as (
    partition by key order by _position, _sequence rows between unbounded preceding and current row
  )
),

told_apart as (
  select
    *,
    concat_ws('|',
      {% for name in columns if name != 'known_at' %}
      coalesce(cast({{ name }} as {{ sql_type('varchar') }}), chr(0)),
      {% endfor %}
      cast(_deleted as {{ sql_type('varchar') }})
    ) as _said
  from filled
),

compared as (
  select *, lag(_said) over (partition by key order by _position, _sequence) as _said_before from told_apart
)

select
  key,
  {{ columns.keys() | join(', ') }},
  _deleted,
  ts_ms,
  _position,
  _sequence,
  {{ this_batch() }} as _batch
from compared
where _said is distinct from _said_before
{%- endmacro %}
