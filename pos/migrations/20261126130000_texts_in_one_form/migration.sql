-- Mind: index variants_sku blocks writes to variants while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently

drop index variants_sku;

-- By hand, to the end. Names and SKUs of living rows get the form in which they are read from now on (src/base/text.cpp:
-- normalise_name, normalise_identifier): a search or a key compares the stored text with one of that form.
create function text_as_name(raw text) returns text immutable language sql as $$
  select nullif(trim(trailing E' \u115f\u1160\u2800\u3164\uffa0' from normalize(
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(raw,
      '[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufdd0-\ufdef\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]+', '', 'g'),
      '(\U0001f3f4[\U000e0020-\U000e007f]*)|[\U000e0020-\U000e007f]+', '\1', 'g'),
      '[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g'),
      '^[ \u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u200c-\u200f\u2800\u3164\ufe00-\ufe0f\uffa0\U00013430-\U00013455\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0100-\U000e01ef]+', ''),
    nfc)), '')
$$;
create function text_as_identifier(raw text) returns text immutable language sql as $$
  select nullif(normalize(trim(regexp_replace(regexp_replace(raw,
    '[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufdd0-\ufdef\ufff0-\ufffc\ufffe\uffff\U00013430-\U00013455\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+', '', 'g'),
    '[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g')), nfc), '')
$$;

-- What is changed below, to count its version once and to tell the change feed.
create table changed_texts (tenant_id uuid, collection text, row_id uuid, primary key (tenant_id, collection, row_id));
create index variants_sku_form on variants (tenant_id, lower(sku)) where deleted_at is null;

with changed as (
  update variants set sku = text_as_identifier(sku)
  where deleted_at is null and sku is distinct from text_as_identifier(sku) returning tenant_id, id
) insert into changed_texts select tenant_id, 'variants', id from changed;

-- Of living variants of a shop with one SKU, letter case aside, the oldest keeps it. The others get the last eight characters of
-- their id behind theirs, and a number where another variant has that name, too.
do $$
declare
  variant record;
  attempt integer;
  ending text;
begin
  for variant in
    select tenant_id, id, sku from (
      select tenant_id, id, sku, row_number() over (partition by tenant_id, lower(sku) order by created_at, id) as place
      from variants where deleted_at is null and sku is not null) placed
    where place > 1 order by tenant_id, lower(sku), place
  loop
    attempt := 1;
    loop
      ending := '-' || right(variant.id::text, 8) || case when attempt = 1 then '' else '-' || attempt end;
      exit when not exists (
        select from variants where tenant_id = variant.tenant_id and deleted_at is null
        and lower(sku) = lower(left(variant.sku, 64 - length(ending)) || ending));
      attempt := attempt + 1;
    end loop;
    update variants set sku = left(variant.sku, 64 - length(ending)) || ending
    where tenant_id = variant.tenant_id and id = variant.id;
    insert into changed_texts values (variant.tenant_id, 'variants', variant.id) on conflict do nothing;
  end loop;
end $$;
drop index variants_sku_form;
create unique index variants_sku on variants (tenant_id, lower(sku)) where deleted_at is null;

-- A name of which nothing is left has to be something: the row could not be changed otherwise.
do $$
declare
  one record;
begin
  for one in select * from (values
    ('categories', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$), ('products', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$),
    ('products', 'brand', 'null'), ('variants', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$), ('variants', 'unit', $sql$'pc'$sql$),
    ('tax_classes', 'name', 'code'), ('tax_rates', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$),
    ('locations', 'name', 'code'), ('devices', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$)) as columns (collection, name, otherwise)
  loop
    execute format(
      'with changed as ('
      '  update %1$I set %2$I = coalesce(text_as_name(%2$I), %3$s) '
      '  where deleted_at is null and %2$I is distinct from coalesce(text_as_name(%2$I), %3$s) returning tenant_id, id) '
      'insert into changed_texts select tenant_id, %1$L, id from changed on conflict do nothing',
      one.collection, one.name, one.otherwise);
  end loop;
  -- A product is shown with its variants, a tax class with its rates.
  insert into changed_texts
    select distinct v.tenant_id, 'products', v.product_id from variants v join changed_texts c
    on c.tenant_id = v.tenant_id and c.collection = 'variants' and c.row_id = v.id on conflict do nothing;
  insert into changed_texts
    select distinct r.tenant_id, 'tax_classes', r.tax_class_id from tax_rates r join changed_texts c
    on c.tenant_id = r.tenant_id and c.collection = 'tax_rates' and c.row_id = r.id on conflict do nothing;
  for one in select distinct collection from changed_texts loop
    execute format(
      'update %1$I set version = version + 1, updated_at = now() from changed_texts c '
      'where c.collection = %1$L and c.tenant_id = %1$I.tenant_id and c.row_id = %1$I.id', one.collection);
  end loop;
end $$;

-- As record_changes() does it: the shop's counter, and the newest change of each row under a number of its own.
with counters as (
  update tenant_counters t set change_seq = change_seq + c.changes
  from (select tenant_id, count(*) as changes from changed_texts group by tenant_id) c
  where t.tenant_id = c.tenant_id returning t.tenant_id, t.change_seq - c.changes as before
)
insert into change_pointers (tenant_id, collection, row_id, seq, op)
select tenant_id, collection, row_id, before + row_number() over (partition by tenant_id order by collection, row_id), 'u'
from changed_texts join counters using (tenant_id)
on conflict (tenant_id, collection, row_id) do update
set seq = excluded.seq, op = excluded.op, location_id = excluded.location_id, origin_device_id = excluded.origin_device_id;

drop table changed_texts;
drop function text_as_name(text);
drop function text_as_identifier(text);
