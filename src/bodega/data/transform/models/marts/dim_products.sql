-- A product sold before the catalogue told of it is inferred from its lines until it does.
with known as (
  select id as product_id, slug, title, category, status, false as is_inferred, source, known_at
  from {{ ref('silver_products') }}
),

inferred as (
  select
    product_id,
    cast(null as {{ sql_type('varchar') }}) as slug,
    max(title) as title,
    cast(null as {{ sql_type('varchar') }}) as category,
    'unknown' as status,
    true as is_inferred,
    max(source) as source,
    min(known_at) as known_at
  from {{ ref('fct_order_lines') }}
  where product_id is not null and product_id not in (select product_id from known)
  group by product_id
)

select * from known
union all
select * from inferred
