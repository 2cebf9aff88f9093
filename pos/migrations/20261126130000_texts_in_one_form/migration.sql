-- Mind: index variants_sku blocks writes to variants while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently

drop index variants_sku;

-- By hand. SKUs get the form in which they are read from now on (base::normalise_identifier): nothing invisible, one space for
-- every run of white space, NFC. Where living variants of a shop then have the same one, letter case aside, the oldest keeps it,
-- and the others get eight characters of their id behind theirs. A row that is changed counts its version, and so does its product.
with formed as (
  select tenant_id, id, created_at,
         nullif(normalize(trim(regexp_replace(
           regexp_replace(sku, '[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+', '', 'g'),
           '[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g')), nfc), '') as form
  from variants where deleted_at is null and sku is not null
), placed as (
  select tenant_id, id, form, row_number() over (partition by tenant_id, lower(form) order by created_at, id) as place
  from formed
), named as (
  select tenant_id, id,
         case when form is null or place = 1 then form else left(form, 55) || '-' || right(id::text, 8) end as sku
  from placed
), changed as (
  update variants v set sku = named.sku, version = v.version + 1, updated_at = now()
  from named where v.tenant_id = named.tenant_id and v.id = named.id and v.sku is distinct from named.sku
  returning v.tenant_id, v.product_id
)
update products p set version = p.version + 1, updated_at = now()
where (p.tenant_id, p.id) in (select tenant_id, product_id from changed);

create unique index variants_sku on variants (tenant_id, lower(sku)) where deleted_at is null;
