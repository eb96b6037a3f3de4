select returns.id, returns.total_amount, sum(lines.total_amount) as lines_amount
from {{ ref('silver_returns') }} as returns
left join {{ ref('silver_return_lines') }} as lines on lines.return_id = returns.id
where returns.id not in (
  select return_id from {{ ref('stg_return_lines') }} where not _deleted and _reject_reason is not null and return_id is not null
)
group by returns.id, returns.total_amount
having returns.total_amount <> coalesce(sum(lines.total_amount), 0)
