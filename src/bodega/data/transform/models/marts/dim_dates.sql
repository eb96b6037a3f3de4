-- Whole years, so that the calendar changes once a year and not with each sale.
with years as (
  select min(year(order_date)) as first_year, max(year(order_date)) as last_year
  from (
    select order_date from {{ ref('fct_orders') }}
    union all
    select order_date from {{ ref('fct_order_lines') }} where is_return
  ) as sold
),

ends as (
  select cast(concat(cast(first_year as {{ sql_type('varchar') }}), '-01-01') as date) as first_day,
    cast(concat(cast(last_year as {{ sql_type('varchar') }}), '-12-31') as date) as last_day
  from years
  where first_year is not null
),

days as (
  {{ days_from_to('ends', 'first_day', 'last_day') }}
)

select
  date,
  cast(year(date) as integer) as year,
  cast(quarter(date) as integer) as quarter,
  cast(month(date) as integer) as month,
  {{ month_of('date') }} as year_month,
  cast({{ iso_year('date') }} as integer) as iso_year,
  cast(weekofyear(date) as integer) as iso_week,
  cast({{ iso_weekday('date') }} as integer) as iso_weekday,
  {{ iso_weekday('date') }} >= 6 as is_weekend
from days
