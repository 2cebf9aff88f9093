alter table tenant_counters set (fillfactor = 40);
alter table stock_levels set (fillfactor = 80);
