-- Mind: index sales_flagged blocks writes to sales while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: index sales_receipt blocks writes to sales while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: reads of sales wait while both indexes are built

-- By hand: M-Pesa codes as mpesa_code() writes them, so that one that was typed otherwise before (in small letters, with
-- spaces or signs, drawn wide) does not pay once more. Any other text ("paid") is no code. Of equal ones the first keeps it; the
-- others are to be looked at again, and so are their sales.
create function text_as_mpesa_code(raw text) returns text immutable language sql as $$
  select substring(upper(regexp_replace(normalize(raw, nfkd),
    '[\u0001-/:-@\[-`{-\u00bf\u00d7\u00f7\u02b0-\u036f\u0483-\u0489\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u2000-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u302a-\u3030\u3099-\u309c\u30fc\ufe00-\ufe6f\ufeff\ufff0-\uffff\U00013430-\U00013455\U0001bca0-\U0001bca3\U0001d159-\U0001d17a\U0001f000-\U0001faff\U000e0000-\U000e0fff]+',
    '', 'g') collate "C") from '^[A-Z0-9]{10}$')
$$;
create table reused_codes (tenant_id uuid, sale_id uuid, primary key (tenant_id, sale_id));
with placed as (
  select tenant_id, id, sale_id, text_as_mpesa_code(external_ref) as code,
         row_number() over (partition by tenant_id, method, text_as_mpesa_code(external_ref) order by recorded_at, id) as place
  from payments where external_ref is not null
), changed as (
  update payments p set external_ref = null,
         status = case when placed.code is not null and p.status = 'accepted' then 'unverified' else p.status end
  from placed where p.tenant_id = placed.tenant_id and p.id = placed.id and (placed.code is null or placed.place > 1)
  returning p.tenant_id, p.sale_id, placed.code
) insert into reused_codes select distinct tenant_id, sale_id from changed where code is not null and sale_id is not null;
update payments set external_ref = text_as_mpesa_code(external_ref)
where external_ref is not null and external_ref <> text_as_mpesa_code(external_ref);
-- What was paid by another method under such a code is compared as well from now on: the first of each method bears it.
with placed as (
  select tenant_id, id, method, text_as_mpesa_code(reference) as code,
         row_number() over (partition by tenant_id, method, text_as_mpesa_code(reference) order by recorded_at, id) as place
  from payments where external_ref is null and method <> 'mpesa' and length(reference) between 10 and 64
)
update payments p set external_ref = placed.code from placed
where p.tenant_id = placed.tenant_id and p.id = placed.id and placed.place = 1 and placed.code ~ '[0-9]' and placed.code ~ '[A-Z]'
  and not exists (select from payments o where o.tenant_id = placed.tenant_id and o.method = placed.method and o.external_ref = placed.code);
drop function text_as_mpesa_code(text);

create or replace function next_receipt_number(location uuid) returns text language plpgsql as $$
declare
  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  prefix text;
  taken bigint;
  free bigint;
  middle bigint;
  step bigint;
begin
  select code || '-S-' into prefix from locations where tenant_id = tenant and id = location;
  if prefix is null then return null; end if;
  perform pg_advisory_xact_lock(hashtextextended(tenant::text || prefix, 0));
  select last_receipt into taken from location_counters
    where tenant_id = tenant and location_id = location for update;
  if taken is null then return null; end if;
  for look in 1..1000 loop
    free := taken + 1;
    step := 1;
    while receipt_number_taken(prefix, free) loop
      taken := free;
      free := free + step;
      step := least(step * 2, 1048576);
    end loop;
    while free - taken > 1 loop
      middle := taken + (free - taken) / 2;
      if receipt_number_taken(prefix, middle) then taken := middle; else free := middle; end if;
    end loop;
    exit when not receipt_number_shown(prefix, free);
    taken := free;
  end loop;
  update location_counters set last_receipt = free where tenant_id = tenant and location_id = location;
  return prefix || lpad(free::text, greatest(6, length(free::text)), '0');
end $$;
create or replace function receipt_number_taken(prefix text, number bigint) returns boolean
language plpgsql as $$
declare
  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  printed constant text := prefix || lpad(number::text, greatest(6, length(number::text)), '0');
begin
  return exists (select from sales where tenant_id = tenant and receipt_number = printed
                 and not (flags && '{receipt_number_duplicate}') and not (flags && '{receipt_number_foreign}'));
end $$;
create or replace function receipt_number_shown(prefix text, number bigint) returns boolean
language plpgsql as $$
declare
  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  printed constant text := prefix || lpad(number::text, greatest(6, length(number::text)), '0');
begin
  return exists (select from sales where tenant_id = tenant and receipt_number = printed
                 and not (flags && '{receipt_number_duplicate}'));
end $$;

-- Taken at once and before the counters: sales read the numbers, write their row and then count, and would wait for a lesser lock
-- or for the counter while this waits for them.
lock table sales in access exclusive mode;
update sales s set flags = array(select distinct flag from unnest(s.flags || '{payment_reference_reused}'::text[]) as flag order by flag)
from reused_codes r where s.tenant_id = r.tenant_id and s.id = r.sale_id;
create index sales_flagged on sales (tenant_id, recorded_at, id) where flags <> '{}';
create unique index sales_receipt_first on sales (tenant_id, receipt_number) where not (flags && '{receipt_number_duplicate}');
alter table sales drop constraint sales_receipt;
alter index sales_receipt_first rename to sales_receipt;
-- As record_changes() does it: the shop's counter, and the newest change of each row under a number of its own.
with counters as (
  update tenant_counters t set change_seq = change_seq + r.changes
  from (select tenant_id, count(*) as changes from reused_codes group by tenant_id) r
  where t.tenant_id = r.tenant_id returning t.tenant_id, t.change_seq - r.changes as before
)
insert into change_pointers (tenant_id, collection, row_id, seq, op, location_id)
select s.tenant_id, 'sales', s.id, before + row_number() over (partition by s.tenant_id order by s.id), 'u', s.location_id
from reused_codes r join sales s on s.tenant_id = r.tenant_id and s.id = r.sale_id join counters on counters.tenant_id = s.tenant_id
on conflict (tenant_id, collection, row_id) do update
set seq = excluded.seq, op = excluded.op, location_id = excluded.location_id, origin_device_id = excluded.origin_device_id;
drop table reused_codes;
