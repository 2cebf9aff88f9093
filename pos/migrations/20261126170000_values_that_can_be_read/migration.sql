-- Mind: roles_permission_names is checked against every row of roles, which is locked meanwhile
-- Mind: sales_flag_names is checked against every row of sales, which is locked meanwhile
-- Mind: stock_levels_numbers is checked against every row of stock_levels, which is locked meanwhile
-- Mind: variant_barcodes_numbers is checked against every row of variant_barcodes, which is locked meanwhile
-- Mind: variants_numbers is checked against every row of variants, which is locked meanwhile

-- By hand: what a person may have written into the database, and no reader can read. What tills follow is told to them: a new
-- version, which goes round at its edge, and an entry of the change feed.
update roles set permissions = array(select name from unnest(permissions) as name where name is not null)
where not case when array_ndims(permissions) > 1 then false else array_position(permissions, null) is null end;
create table mended_rows (tenant_id uuid, collection text, row_id uuid, location_id uuid, primary key (tenant_id, collection, row_id));
with mended as (
  update sales set flags = array(select name from unnest(flags) as name where name is not null),
    version = case when version < 2147483647 then version + 1 else 1 end
  where not case when array_ndims(flags) > 1 then false else array_position(flags, null) is null end
  returning tenant_id, id, location_id
) insert into mended_rows select tenant_id, 'sales', id, location_id from mended;
with mended as (
  update stock_levels set on_hand = case when on_hand = 'NaN' then 0 else on_hand end,
    reserved = case when reserved = 'NaN' then 0 else reserved end,
    version = case when version < 2147483647 then version + 1 else 1 end, updated_at = now()
  where on_hand = 'NaN' or reserved = 'NaN' returning tenant_id, id, location_id
) insert into mended_rows select tenant_id, 'stock_levels', id, location_id from mended;
with mended as (
  update variant_barcodes set pack_quantity = 1,
    version = case when version < 2147483647 then version + 1 else 1 end, updated_at = now()
  where pack_quantity = 'NaN' returning tenant_id, id, deleted_at
) insert into mended_rows select tenant_id, 'variant_barcodes', id from mended where deleted_at is null;
with mended as (
  update variants set reorder_level = null,
    version = case when version < 2147483647 then version + 1 else 1 end, updated_at = now()
  where reorder_level = 'NaN' returning tenant_id, id, deleted_at
) insert into mended_rows select tenant_id, 'variants', id from mended where deleted_at is null;

alter table roles add constraint roles_permission_names check (case when array_ndims(permissions) > 1 then false else array_position(permissions, null) is null end);
alter table sales add constraint sales_flag_names check (case when array_ndims(flags) > 1 then false else array_position(flags, null) is null end);
alter table stock_levels add constraint stock_levels_numbers check (on_hand <> 'NaN' and reserved <> 'NaN');
alter table variant_barcodes add constraint variant_barcodes_numbers check (pack_quantity <> 'NaN');
alter table variants add constraint variants_numbers check (reorder_level <> 'NaN');

-- As record_changes() does it: the shop's counter, and the newest change of each row under a number of its own. After the tables: a
-- write takes its counter last.
with counters as (
  update tenant_counters t set change_seq = change_seq + m.changes
  from (select tenant_id, count(*) as changes from mended_rows group by tenant_id) m
  where t.tenant_id = m.tenant_id returning t.tenant_id, t.change_seq - m.changes as before
)
insert into change_pointers (tenant_id, collection, row_id, seq, op, location_id)
select m.tenant_id, collection, row_id, before + row_number() over (partition by m.tenant_id order by collection, row_id), 'u', location_id
from mended_rows m join counters on counters.tenant_id = m.tenant_id
on conflict (tenant_id, collection, row_id) do update
set seq = excluded.seq, op = excluded.op, location_id = excluded.location_id, origin_device_id = excluded.origin_device_id;
drop table mended_rows;
