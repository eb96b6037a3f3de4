with versions as (
  select
    id as product_id,
    slug,
    title,
    category,
    status,
    case
      when row_number() over versions_of_key = 1 then known_at
      else {{ instant_of('ts_ms') }}
    end as valid_from,
    _deleted,
    key,
    _position,
    _sequence
  from {{ ref('stg_product_history') }}
  window versions_of_key as (partition by key order by _position, _sequence)
),

followed as (
  select
    product_id,
    slug,
    title,
    category,
    status,
    valid_from,
    lead(valid_from) over (partition by key order by _position, _sequence) as valid_to,
    lead(key) over (partition by key order by _position, _sequence) is null as is_current,
    _deleted
  from versions
)

select product_id, slug, title, category, status, valid_from, valid_to, is_current
from followed
where not _deleted
