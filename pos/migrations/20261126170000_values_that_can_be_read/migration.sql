-- Mind: roles_permission_names is checked against every row of roles, which is locked meanwhile
-- Mind: sales_flag_names is checked against every row of sales, which is locked meanwhile
-- Mind: stock_levels_numbers is checked against every row of stock_levels, which is locked meanwhile
-- Mind: variant_barcodes_numbers is checked against every row of variant_barcodes, which is locked meanwhile
-- Mind: variants_numbers is checked against every row of variants, which is locked meanwhile

-- By hand: what a person may have written into the database, and no reader can read.
update roles set permissions = array(select name from unnest(permissions) as name where name is not null)
where not case when array_ndims(permissions) > 1 then false else array_position(permissions, null) is null end;
update sales set flags = array(select name from unnest(flags) as name where name is not null)
where not case when array_ndims(flags) > 1 then false else array_position(flags, null) is null end;
update stock_levels set on_hand = 0 where on_hand = 'NaN';
update stock_levels set reserved = 0 where reserved = 'NaN';
update variant_barcodes set pack_quantity = 1 where pack_quantity = 'NaN';
update variants set reorder_level = null where reorder_level = 'NaN';

alter table roles add constraint roles_permission_names check (case when array_ndims(permissions) > 1 then false else array_position(permissions, null) is null end);
alter table sales add constraint sales_flag_names check (case when array_ndims(flags) > 1 then false else array_position(flags, null) is null end);
alter table stock_levels add constraint stock_levels_numbers check (on_hand <> 'NaN' and reserved <> 'NaN');
alter table variant_barcodes add constraint variant_barcodes_numbers check (pack_quantity <> 'NaN');
alter table variants add constraint variants_numbers check (reorder_level <> 'NaN');
