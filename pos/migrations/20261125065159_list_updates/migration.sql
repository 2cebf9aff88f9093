-- Mind: index categories_updated blocks writes to categories while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: index devices_updated blocks writes to devices while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: index locations_updated blocks writes to locations while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: index memberships_updated blocks writes to memberships while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: index tax_classes_updated blocks writes to tax_classes while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: index variants_updated blocks writes to variants while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently

create index categories_updated on categories (tenant_id, updated_at, id);
create index devices_updated on devices (tenant_id, updated_at, id);
create index locations_updated on locations (tenant_id, updated_at, id);
create index memberships_updated on memberships (tenant_id, updated_at, id);
create index tax_classes_updated on tax_classes (tenant_id, updated_at, id);
create index variants_updated on variants (tenant_id, updated_at, id);
