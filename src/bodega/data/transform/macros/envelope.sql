{#- Change envelopes not yet seen by this model, up to the last position that bronze holds completely. -#}
{% macro unseen(bronze) -%}
  select
    envelope.key, envelope.after, envelope.unchanged, envelope._op, envelope.ts_ms,
    envelope._position, envelope._sequence
  from {{ bronze }} as envelope
  where envelope._position <= (select upto from {{ source('meta', 'refresh') }})
  {% if is_incremental() %}
    and ({{ place('envelope._position', 'envelope._sequence') }} > (
      select coalesce(max({{ place('known._position', 'known._sequence') }}), {{ place(-1, -1) }}) from {{ this }} as known
      where known._position = (select max(_position) from {{ this }})
    ) {{ or_rebuilt(bronze.identifier) }})
  {% endif %}
{%- endmacro %}

{#- A column is declared as `type` or `type required`. A `token` is the part of a sealed personal
    value that tells whether two are equal, and nothing else; the value itself stays in bronze. -#}
{% macro column_type(declared) -%} {{ declared | replace(' required', '') }} {%- endmacro %}

{% macro typed(expression, declared) -%}
  {%- if column_type(declared) == 'token' -%}
    case when {{ expression }} like 'p1.%' then split_part({{ expression }}, '.', 3) end
  {%- else -%}
    try_cast({{ expression }} as {{ sql_type(column_type(declared)) }})
  {%- endif -%}
{%- endmacro %}

{#- One row per change of a key, typed; `_miscast` names the columns whose text is not of their type.
    A delete knows nothing but its key; everything else keeps its last value. -#}
{% macro typed_changes(relation, columns, which='true') -%}
  select
    key,
    {% for name, declared in columns.items() %}
    {{ typed('parsed.' ~ name, declared) }} as {{ name }},
    {% endfor %}
    nullif(concat_ws(', '
      {% for name, declared in columns.items() if column_type(declared) not in ('varchar', 'token') %}
      , case when parsed.{{ name }} is not null and try_cast(parsed.{{ name }} as {{ sql_type(column_type(declared)) }}) is null
             then '{{ name }}: not {{ column_type(declared) }}' end
      {% endfor %}
    ), '') as _miscast,
    coalesce(unchanged, {{ empty_list() }}) as _unchanged,
    _op <> 'd' as _knows,
    _op = 'd' as _deleted,
    ts_ms,
    _position,
    _sequence
  from (
    select *, {{ json_row('after', columns.keys()) }} as parsed
    from {{ relation }}
    where _op <> 't' and {{ which }}
  )
{%- endmacro %}

{#- Why a row is not fit for silver; null when it is. -#}
{% macro reject_reason(columns, rules) -%}
  nullif(concat_ws(', ', _miscast
    {% for name, declared in columns.items() if ' required' in declared %}
    , case when {{ name }} is null and not contains(coalesce(_miscast, ''), '{{ name }}: ') then '{{ name }}: missing' end
    {% endfor %}
    {% for reason, condition in rules.items() %}
    , case when not ({{ condition }}) then '{{ reason }}' end
    {% endfor %}
  ), '')
{%- endmacro %}

{#- Keys already known of which something new is told: a truncate tells of all. Kept apart, so that
    few keys are looked up in few rows. -#}
{% macro told_again() -%}
told_again as (
  select key from unseen
  union
  select key from {{ this }} where exists (select 1 from unseen where _op = 't')
)
{%- endmacro %}

{#- The current row of every key ever seen: deleted ones flagged, unfit ones with a reason.
    `_batch` is the refresh that changed the row last; what lies downstream reads by it. -#}
{% macro latest_state(bronze, columns, rules={}) -%}
with unseen as {{ read_each_time() if not is_incremental() }} (
  {{ unseen(bronze) }}
),

{% if is_incremental() %}
{{ told_again() }},
{% endif %}

truncated as (
  select coalesce(max({{ place() }}), {{ place(-1, -1) }}) as place from unseen where _op = 't'
),

{#- Keys of which more than one row tells, or one that does not tell all. -#}
several as (
  select key from (
    select key, _op = 'd' or {{ list_size('unchanged') }} > 0 as _partly from unseen where _op <> 't'
    {% if is_incremental() %}
    union all
    select key, false as _partly from told_again
    {% endif %}
  ) as told
  group by key
  having count(*) > 1 or bool_or(_partly)
),

alone as (
  {{ typed_changes('unseen', columns, '(key in (select key from several)) is not true') }}
),

changes as (
  {{ typed_changes('unseen', columns, 'key in (select key from several)') }}
  {% if is_incremental() %}
  union all
  select
    key, {{ columns.keys() | join(', ') }}, null as _miscast, {{ empty_list() }} as _unchanged,
    true as _knows, _deleted, ts_ms, _position, _sequence
  from {{ this }}
  where key in (select key from told_again)
  {% endif %}
),

ordered as (
  select *, row_number() over (partition by key order by _position desc, _sequence desc) as _nth from changes
),

partly_known as (
  select distinct key from changes where not _knows or {{ list_size('_unchanged') }} > 0
),

last_known as (
  select
    key
    {% for name in columns %}
    , {{ newest(name, '_knows and not ' ~ listed('_unchanged', name)) }} as {{ name }}
    {% endfor %}
  from changes
  where key in (select key from partly_known)
  group by key
),

current_rows as (
  select key, {{ columns.keys() | join(', ') }}, _miscast, _deleted, ts_ms, _position, _sequence
  from alone
  union all
  select
    newest.key,
    {% for name in columns %}
    case when last_known.key is null then newest.{{ name }} else last_known.{{ name }} end as {{ name }},
    {% endfor %}
    newest._miscast, newest._deleted, newest.ts_ms, newest._position, newest._sequence
  from ordered as newest
  left join last_known on last_known.key = newest.key
  where newest._nth = 1
),

placed as (
  select
    current_rows.*,
    truncated.place as emptied,
    greatest({{ place('current_rows._position', 'current_rows._sequence') }}, truncated.place) as place
  from current_rows
  cross join truncated
)

select
  key,
  {{ columns.keys() | join(', ') }},
  {{ reject_reason(columns, rules) }} as _reject_reason,
  _deleted or {{ place() }} < emptied as _deleted,
  ts_ms,
  {{ of_place('place', 'p') }} as _position,
  {{ of_place('place', 's') }} as _sequence,
  {{ this_batch() }} as _batch
from placed
{%- endmacro %}
