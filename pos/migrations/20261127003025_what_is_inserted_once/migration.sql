-- Breaks: rows of devices may no longer be deleted: deletes of the release before are refused. Release the code without them first
-- Breaks: rows of locations may no longer be deleted: deletes of the release before are refused. Release the code without them first
-- Breaks: rows of variants may no longer be deleted: deletes of the release before are refused. Release the code without them first

-- By hand: in the order in which a sale takes them, so that none waits in a circle; what readers hold for long comes first, while
-- nothing else is held.
lock table variants, devices, locations, sales, sale_lines, sale_taxes, payments, stock_movements in access exclusive mode;

alter table payments drop constraint payments_sale;
alter table sale_lines drop constraint sale_lines_sale;
alter table sale_lines drop constraint sale_lines_variant;
alter table sale_taxes drop constraint sale_taxes_sale;
alter table stock_movements drop constraint stock_movements_device;
alter table stock_movements drop constraint stock_movements_location;
alter table stock_movements drop constraint stock_movements_variant;
alter table payments drop constraint payments_method_values;
alter table sales drop constraint sales_kind_values;
alter table sales drop constraint sales_status_values;
alter table sales drop constraint sales_tax_rounding_values;
alter table stock_movements drop constraint stock_movements_reason_values;
create policy payments_method_values on payments as restrictive for insert to {{app}}, {{app_system}} with check ((method in ('cash', 'mpesa', 'card', 'bank', 'voucher', 'other')) is not false or violate('payments_method_values') is null);
create policy sales_kind_values on sales as restrictive for insert to {{app}}, {{app_system}} with check ((kind in ('sale', 'return', 'exchange')) is not false or violate('sales_kind_values') is null);
create policy sales_status_values on sales as restrictive for insert to {{app}}, {{app_system}} with check ((status in ('completed', 'voided')) is not false or violate('sales_status_values') is null);
create policy sales_tax_rounding_values on sales as restrictive for insert to {{app}}, {{app_system}} with check ((tax_rounding in ('rate_group', 'line')) is not false or violate('sales_tax_rounding_values') is null);
create policy stock_movements_reason_values on stock_movements as restrictive for insert to {{app}}, {{app_system}} with check ((reason in ('sale', 'sale_return', 'void', 'purchase', 'purchase_return', 'adjust', 'waste', 'transfer_out', 'transfer_in', 'count', 'opening')) is not false or violate('stock_movements_reason_values') is null);
create policy payments_sale on payments as restrictive for insert to {{app}}, {{app_system}} with check ((payments.sale_id is null or exists (select from sales named where named.tenant_id = payments.tenant_id and named.id = payments.sale_id)) is not false or violate('payments_sale') is null);
create policy sale_lines_sale on sale_lines as restrictive for insert to {{app}}, {{app_system}} with check ((exists (select from sales named where named.tenant_id = sale_lines.tenant_id and named.id = sale_lines.sale_id)) is not false or violate('sale_lines_sale') is null);
create policy sale_lines_variant on sale_lines as restrictive for insert to {{app}}, {{app_system}} with check ((sale_lines.variant_id is null or exists (select from variants named where named.tenant_id = sale_lines.tenant_id and named.id = sale_lines.variant_id)) is not false or violate('sale_lines_variant') is null);
create policy sale_taxes_sale on sale_taxes as restrictive for insert to {{app}}, {{app_system}} with check ((exists (select from sales named where named.tenant_id = sale_taxes.tenant_id and named.id = sale_taxes.sale_id)) is not false or violate('sale_taxes_sale') is null);
create policy stock_movements_device on stock_movements as restrictive for insert to {{app}}, {{app_system}} with check ((stock_movements.device_id is null or exists (select from devices named where named.tenant_id = stock_movements.tenant_id and named.id = stock_movements.device_id)) is not false or violate('stock_movements_device') is null);
create policy stock_movements_location on stock_movements as restrictive for insert to {{app}}, {{app_system}} with check ((exists (select from locations named where named.tenant_id = stock_movements.tenant_id and named.id = stock_movements.location_id)) is not false or violate('stock_movements_location') is null);
create policy stock_movements_variant on stock_movements as restrictive for insert to {{app}}, {{app_system}} with check ((exists (select from variants named where named.tenant_id = stock_movements.tenant_id and named.id = stock_movements.variant_id)) is not false or violate('stock_movements_variant') is null);
revoke all on devices from {{app}}, {{app_system}};
grant select, insert on devices to {{app}};
grant update (app_version, clock_skew_ms, created_at, created_by, deleted_at, device_number, kind, last_seen_at, last_seq_seen, location_id, name, origin_device_id, status, updated_at, version) on devices to {{app}};
grant select, insert on devices to {{app_system}};
grant update (app_version, clock_skew_ms, created_at, created_by, deleted_at, device_number, kind, last_seen_at, last_seq_seen, location_id, name, origin_device_id, status, updated_at, version) on devices to {{app_system}};
revoke all on locations from {{app}}, {{app_system}};
grant select, insert on locations to {{app}};
grant update (active, address, code, created_at, created_by, deleted_at, is_warehouse, name, origin_device_id, tax_pin, updated_at, version) on locations to {{app}};
grant select, insert on locations to {{app_system}};
grant update (active, address, code, created_at, created_by, deleted_at, is_warehouse, name, origin_device_id, tax_pin, updated_at, version) on locations to {{app_system}};
revoke all on variants from {{app}}, {{app_system}};
grant select, insert on variants to {{app}};
grant update (active, cost, created_at, created_by, deleted_at, name, origin_device_id, price, product_id, reorder_level, sku, unit, updated_at, version) on variants to {{app}};
grant select, insert on variants to {{app_system}};
grant update (active, cost, created_at, created_by, deleted_at, name, origin_device_id, price, product_id, reorder_level, sku, unit, updated_at, version) on variants to {{app_system}};
-- No role deletes rows of append-only tables, nor changes what an insert has proven.
revoke update, delete on payments, sale_lines, sale_taxes, sales, stock_movements from {{app_system}};
grant update (external_ref, intent_id, status) on payments to {{app_system}};
grant update (returned_quantity) on sale_lines to {{app_system}};
