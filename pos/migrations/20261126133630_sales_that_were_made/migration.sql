-- Mind: index sales_flagged blocks writes to sales while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: index sales_receipt blocks writes to sales while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: index sales_receipt_unchecked blocks writes to sales while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently

alter table sales drop constraint sales_receipt;
create index sales_flagged on sales (tenant_id, recorded_at, id) where flags <> '{}';
create unique index sales_receipt on sales (tenant_id, receipt_number) where not (flags && '{receipt_number_foreign,receipt_number_duplicate}');
create index sales_receipt_unchecked on sales (tenant_id, receipt_number) where flags && '{receipt_number_foreign,receipt_number_duplicate}';
create or replace function next_receipt_number(location uuid) returns text language plpgsql as $$
declare
  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  prefix text;
  taken bigint;
  free bigint;
  middle bigint;
  step bigint := 1;
begin
  select code || '-S-' into prefix from locations where tenant_id = tenant and id = location;
  if prefix is null then return null; end if;
  perform pg_advisory_xact_lock(hashtextextended(tenant::text || prefix, 0));
  select last_receipt, last_receipt + 1 into taken, free from location_counters
    where tenant_id = tenant and location_id = location for update;
  if free is null then return null; end if;
  while receipt_number_taken(prefix, free) loop
    taken := free;
    free := free + step;
    step := step * 2;
  end loop;
  while free - taken > 1 loop
    middle := taken + (free - taken) / 2;
    if receipt_number_taken(prefix, middle) then taken := middle; else free := middle; end if;
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
                 and not (flags && '{receipt_number_foreign,receipt_number_duplicate}'))
      or exists (select from sales where tenant_id = tenant and receipt_number = printed
                 and flags && '{receipt_number_foreign,receipt_number_duplicate}');
end $$;
