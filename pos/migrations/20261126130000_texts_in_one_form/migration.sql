-- Mind: index variants_sku blocks writes to variants while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: writes to variants wait from the first line on; reads of them, and so sales, in the last ones alone

-- By hand, to the end. Names and SKUs of living rows get the form in which they are read from now on (src/base/text.cpp:
-- normalise_name, normalise_identifier): a search or a key compares the stored text with one of that form.
lock table variants in share row exclusive mode;

-- Null when nothing can be seen of it: spaces, the marks that are common to scripts (and those of Hebrew and Arabic), what steers
-- the display.
create function text_as_name(raw text) returns text immutable language sql as $$
  select case when raw ~ '^[!-~]+( [!-~]+)*$' then raw else (
    select case when formed ~
      '[^ \u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1ace\u1dc0-\u1dff\u20d0-\u20f0\u302a-\u302f\u3099\u309a\ufe20-\ufe2f\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u200c-\u200f\u2800\u3164\ufe00-\ufe0f\uffa0\U00013430-\U00013455\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0020-\U000e007f\U000e0100-\U000e01ef]'
      then formed end
    from (select trim(trailing E' \u115f\u1160\u2800\u3164\uffa0' from normalize(
      regexp_replace(regexp_replace(regexp_replace(regexp_replace(raw,
      '[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufdd0-\ufdef\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]+', '', 'g'),
      '(\U0001f3f4[\U000e0020-\U000e007f]*)|[\U000e0020-\U000e007f]+', '\1', 'g'),
      '[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g'),
      '^[ \u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u200c-\u200f\u2800\u3164\ufe00-\ufe0f\uffa0\U00013430-\U00013455\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0100-\U000e01ef]+', ''),
      nfc)) as formed) one) end
$$;
create function text_as_identifier(raw text) returns text immutable language sql as $$
  select case when raw ~ '^[!-~]+( [!-~]+)*$' then raw else nullif(normalize(trim(regexp_replace(regexp_replace(raw,
    '[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufdd0-\ufdef\ufff0-\ufffc\ufffe\uffff\U00013430-\U00013455\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+', '', 'g'),
    '[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g')), nfc), '') end
$$;

-- What is changed below, to count its version once and to tell the change feed; and the SKUs that change.
create table changed_texts (tenant_id uuid, collection text, row_id uuid, primary key (tenant_id, collection, row_id));
create table changed_skus (tenant_id uuid, id uuid, sku text, primary key (tenant_id, id));

-- A name of which nothing is left has to be something: the row could not be changed otherwise.
create table text_rules as
  select collection,
         string_agg(format('%1$I = coalesce(text_as_name(%1$I), %2$s)', name, otherwise), ', ') as changes,
         string_agg(format('%1$I is distinct from coalesce(text_as_name(%1$I), %2$s)', name, otherwise), ' or ') as differs
  from (values
    ('categories', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$), ('products', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$),
    ('products', 'brand', 'null'), ('variants', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$), ('variants', 'unit', $sql$'pc'$sql$),
    ('tax_classes', 'name', 'code'), ('tax_rates', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$),
    ('locations', 'name', 'code'), ('devices', 'name', $sql$'unnamed ' || right(id::text, 8)$sql$)) as columns (collection, name, otherwise)
  group by collection;
do $$
declare
  one record;
begin
  for one in select * from text_rules order by collection loop
    execute format('insert into changed_texts select tenant_id, %1$L, id from %1$I where deleted_at is null and (%2$s)',
                   one.collection, one.differs);
  end loop;
end $$;

-- Of living variants of a shop with one SKU, letter case aside, the oldest keeps it. The others get the last eight characters of
-- their id behind theirs, and a number where another variant has that name, too, or had it before.
insert into changed_skus
  select tenant_id, id, text_as_identifier(sku) from variants
  where deleted_at is null and sku is distinct from text_as_identifier(sku);
create index changed_skus_form on changed_skus (tenant_id, lower(sku));
create index variants_sku_form on variants (tenant_id, lower(sku)) where deleted_at is null;
analyze changed_skus;
do $$
declare
  variant record;
  attempt integer;
  ending text;
  renamed text;
begin
  for variant in
    select tenant_id, id, sku from (
      select tenant_id, id, sku, row_number() over (partition by tenant_id, lower(sku) order by created_at, id) as place
      from (
        select v.tenant_id, v.id, v.created_at, case when c.id is null then v.sku else c.sku end as sku
        from variants v left join changed_skus c on c.tenant_id = v.tenant_id and c.id = v.id
        where v.deleted_at is null) formed
      where sku is not null) placed
    where place > 1 order by tenant_id, lower(sku), place
  loop
    attempt := 1;
    loop
      ending := '-' || right(variant.id::text, 8) || case when attempt = 1 then '' else '-' || attempt end;
      renamed := left(variant.sku, 64 - length(ending)) || ending;
      exit when not exists (
        select from variants where tenant_id = variant.tenant_id and deleted_at is null and lower(sku) = lower(renamed))
        and not exists (select from changed_skus where tenant_id = variant.tenant_id and lower(sku) = lower(renamed));
      attempt := attempt + 1;
    end loop;
    insert into changed_skus values (variant.tenant_id, variant.id, renamed)
    on conflict (tenant_id, id) do update set sku = excluded.sku;
  end loop;
end $$;
insert into changed_texts select tenant_id, 'variants', id from changed_skus on conflict do nothing;

-- A product is shown with its variants, a tax class with its rates.
analyze changed_texts;
insert into changed_texts
  select distinct v.tenant_id, 'products', v.product_id from variants v join changed_texts c
  on c.tenant_id = v.tenant_id and c.collection = 'variants' and c.row_id = v.id on conflict do nothing;
insert into changed_texts
  select distinct r.tenant_id, 'tax_classes', r.tax_class_id from tax_rates r join changed_texts c
  on c.tenant_id = r.tenant_id and c.collection = 'tax_rates' and c.row_id = r.id on conflict do nothing;
analyze changed_texts;
analyze changed_skus;
do $$
declare
  one record;
begin
  for one in select * from text_rules order by collection loop
    execute format(
      'update %1$I set %2$s, version = version + 1, updated_at = now() from changed_texts c '
      'where c.collection = %1$L and c.tenant_id = %1$I.tenant_id and c.row_id = %1$I.id '
      'and not (%1$L = ''variants'' and exists (select from changed_skus s where s.tenant_id = c.tenant_id and s.id = c.row_id))',
      one.collection, one.changes);
  end loop;
end $$;

-- From here on reads of variants wait, and writes that end with the feed, too: so this comes last.
drop index if exists variants_sku;
drop index variants_sku_form;
update variants v set name = coalesce(text_as_name(v.name), 'unnamed ' || right(v.id::text, 8)),
  unit = coalesce(text_as_name(v.unit), 'pc'), sku = s.sku, version = v.version + 1, updated_at = now()
from changed_skus s where s.tenant_id = v.tenant_id and s.id = v.id;
create unique index variants_sku on variants (tenant_id, lower(sku)) where deleted_at is null;

-- As record_changes() does it: the shop's counter, and the newest change of each row under a number of its own.
with counters as (
  update tenant_counters t set change_seq = change_seq + c.changes
  from (select tenant_id, count(*) as changes from changed_texts group by tenant_id) c
  where t.tenant_id = c.tenant_id returning t.tenant_id, t.change_seq - c.changes as before
)
insert into change_pointers (tenant_id, collection, row_id, seq, op, location_id)
select c.tenant_id, collection, row_id, before + row_number() over (partition by c.tenant_id order by collection, row_id), 'u',
  case collection when 'locations' then row_id
    when 'devices' then (select location_id from devices d where d.tenant_id = c.tenant_id and d.id = row_id) end
from changed_texts c join counters on counters.tenant_id = c.tenant_id
on conflict (tenant_id, collection, row_id) do update
set seq = excluded.seq, op = excluded.op, location_id = excluded.location_id, origin_device_id = excluded.origin_device_id;

drop table changed_texts, changed_skus, text_rules;
drop function text_as_name(text);
drop function text_as_identifier(text);
