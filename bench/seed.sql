-- Shops for the benchmark: bench.tenants of 50 to 250 products each, and one more with bench.depth products, whose pages
-- must cost the same at either end. Every id is told by its kind and number, so that pgbench can make one up.
create function pg_temp.id(kind integer, number bigint) returns uuid immutable language sql as $$
  select ('0198' || lpad(to_hex(kind), 4, '0') || '-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid
$$;

-- As pos/modules/stock makes it: version 8 of SHA-256(location, variant).
create function pg_temp.level_id(location uuid, variant uuid) returns uuid immutable language sql as $$
  select overlay(overlay(encode(substr(digest, 1, 16), 'hex') placing '8' from 13 for 1)
                 placing substr('89ab', ((get_byte(digest, 8) >> 4) & 3) + 1, 1) from 17 for 1)::uuid
  from (select sha256(convert_to(location::text || variant::text, 'UTF8')) as digest) hashed
$$;

create temporary table shop as
  select n, pg_temp.id(1, n) as tenant_id, pg_temp.id(2, n) as location_id, pg_temp.id(3, n) as device_id, pg_temp.id(4, n) as user_id,
         case when n = current_setting('bench.tenants')::integer then current_setting('bench.depth')::integer else 50 + (n * 37) % 201 end as products
  from generate_series(0, current_setting('bench.tenants')::integer) as n;

create temporary table goods as
  select shop.tenant_id, shop.location_id, number, pg_temp.id(16, number) as product_id, pg_temp.id(17, number) as variant_id,
         (array['Sugar', 'Maize flour', 'Rice', 'Cooking oil', 'Tea leaves', 'Milk', 'Bread', 'Soap', 'Salt', 'Beans', 'Batteries', 'Biscuits'])[1 + number % 12]
           || ' ' || (array['Kabras', 'Pembe', 'Pishori', 'Elianto', 'Ketepa', 'Brookside', 'Festive'])[1 + number % 7]
           || ' ' || lpad(to_hex((number * 2654435761) % 16777216), 6, '0') as name,
         1000 + (number * 7919) % 90000 as price, case when number % 5 = 0 then 1 else 0 end as tax_class
  from shop, generate_series(shop.n * 1000::bigint, shop.n * 1000::bigint + shop.products - 1) as number;

insert into tenants (id, name, country, currency, time_zone, business_day_cutoff, tax_rounding, cash_rounding_unit, negative_stock, status, feed_epoch, version, created_at, updated_at)
  select tenant_id, 'Shop ' || n, 'KE', 'KES', 'Africa/Nairobi', 0, 'rate_group', 1, 'warn', 'active', gen_random_uuid(), 1, '2026-01-05 06:00:00.120Z', '2026-01-05 06:00:00.120Z' from shop;
insert into tenant_counters (tenant_id, change_seq) select tenant_id, 0 from shop;
insert into locations (tenant_id, id, code, name, is_warehouse, active, version, created_at, updated_at)
  select tenant_id, location_id, 'NRB1', 'Main shop', false, true, 1, now(), now() from shop;
insert into location_counters (tenant_id, location_id, last_receipt) select tenant_id, location_id, 0 from shop;
insert into devices (tenant_id, id, location_id, name, kind, device_number, status, last_seq_seen, version, created_at, updated_at)
  select tenant_id, device_id, location_id, 'Till 1', 'till', 1, 'active', 0, 1, now(), now() from shop;

-- Nobody logs in: the tokens are signed by the benchmark. The second shop's is a manager's, who may send bulks of products.
insert into users (id, email, name, password_hash, password_changed_at, default_tenant_id, version, created_at, updated_at)
  select user_id, 'cashier' || n || '@shop.example', 'Cashier', 'none', now(), tenant_id, 1, now(), now() from shop;
insert into memberships (tenant_id, id, user_id, status, default_location_id, version, created_at, updated_at)
  select tenant_id, pg_temp.id(5, n), user_id, 'active', location_id, 1, now(), now() from shop;
insert into roles (tenant_id, id, name, built_in, permissions, version, created_at, updated_at)
  select tenant_id, pg_temp.id(6, n), case n when 1 then 'Manager' else 'Cashier' end, case n when 1 then 'manager' else 'cashier' end,
         array['devices.read', 'locations.read', 'products.read', 'sales.create', 'sales.read', 'stock.read', 'taxes.read', 'tenant.read']
           || case n when 1 then array['products.write'] else '{}' end, 1, now(), now() from shop;
insert into membership_roles (tenant_id, id, membership_id, role_id, location_id)
  select tenant_id, pg_temp.id(7, n), pg_temp.id(5, n), pg_temp.id(6, n), null from shop;
insert into sessions (id, user_id, tenant_id, device_id, kind, user_agent, ip_address, created_at, last_seen_at, expires_at)
  select pg_temp.id(8, n), user_id, tenant_id, device_id, 'token', 'bench', '127.0.0.1', now(), now(), now() + interval '1 day' from shop;

insert into tax_classes (tenant_id, id, code, name, version, created_at, updated_at)
  select tenant_id, pg_temp.id(32 + class, n), code, name, 1, now(), now() from shop, (values (0, 'VAT16', 'VAT 16 %'), (1, 'ZERO', 'Zero-rated')) as of (class, code, name);
insert into tax_rates (tenant_id, id, tax_class_id, name, rate_ppm, kind, inclusive, valid_from, version, created_at, updated_at)
  select tenant_id, pg_temp.id(48 + class, n), pg_temp.id(32 + class, n), name, rate, kind, true, '1970-01-01', 1, now(), now()
  from shop, (values (0, 'VAT 16 %', 160000, 'standard'), (1, 'Zero-rated', 0, 'zero')) as of (class, name, rate, kind);
insert into categories (tenant_id, id, name, sort, version, created_at, updated_at)
  select tenant_id, pg_temp.id(9, n), 'Groceries', 0, 1, now(), now() from shop;

insert into products (tenant_id, id, name, description, category_id, brand, sold_by, tax_class_id, track_stock, active, version, created_at, updated_at)
  select goods.tenant_id, product_id, goods.name, case when number % 3 = 0 then 'Sold in packs of six and by the piece' end, pg_temp.id(9, shop.n),
         case when number % 2 = 0 then 'Kabras' end, 'unit', pg_temp.id(32 + tax_class, shop.n), true, true, 1, '2026-01-05 06:00:00.120Z', '2026-02-05 06:00:00.450Z'
  from goods join shop using (tenant_id);
insert into variants (tenant_id, id, product_id, name, sku, unit, price, cost, active, version, created_at, updated_at)
  select tenant_id, variant_id, product_id, name, 'SKU' || number, 'pc', price, price * 3 / 4, true, 1, now(), now()
  from goods where tenant_id <> pg_temp.id(1, current_setting('bench.tenants')::bigint);
insert into stock_levels (tenant_id, location_id, variant_id, id, on_hand, reserved, average_cost, version, updated_at)
  select g.tenant_id, g.location_id, v.id, pg_temp.level_id(g.location_id, v.id), 1000000, 0, v.cost, 1, now()
  from goods g join variants v on v.tenant_id = g.tenant_id and v.id = g.variant_id;
insert into stock_movements (tenant_id, id, location_id, variant_id, quantity_delta, reason, unit_cost, source_type, source_id, source_line, occurred_at, recorded_at, balance_after)
  select g.tenant_id, pg_temp.id(18, g.number), g.location_id, v.id, 1000000, 'opening', v.cost, 'opening', pg_temp.id(19, g.number), 1, now(), now(), 1000000
  from goods g join variants v on v.tenant_id = g.tenant_id and v.id = g.variant_id;

-- What was sold before, bench.history sales a shop. Not for its own sake: PostgreSQL plans the checks of foreign keys once a
-- connection, and would plan them for tables that are empty.
create temporary table sold as
  select shop.*, h, shop.n * 10000::bigint + h as number, now() - interval '1 day' - h * interval '5 minutes' as at
  from shop, generate_series(1, current_setting('bench.history')::integer) as h
  where shop.n < current_setting('bench.tenants')::integer;
create temporary table sold_lines as
  select sold.*, line, v.id as variant_id, v.name as variant_name, v.sku, v.price, v.cost,
         shop_class.code as tax_code, r.rate_ppm, round(v.price * r.rate_ppm / (1000000.0 + r.rate_ppm))::bigint as tax
  from sold cross join generate_series(1, 3) as line
  join variants v on v.tenant_id = sold.tenant_id and v.id = pg_temp.id(17, n * 1000::bigint + (h * 5 + line * 17) % 50)
  join products p on p.tenant_id = v.tenant_id and p.id = v.product_id
  join tax_classes shop_class on shop_class.tenant_id = p.tenant_id and shop_class.id = p.tax_class_id
  join tax_rates r on r.tenant_id = p.tenant_id and r.tax_class_id = p.tax_class_id;

insert into sales (tenant_id, id, location_id, device_id, device_seq, receipt_number, client_request_id, kind, status, cashier_id,
    subtotal, discount_total, exclusive_tax_total, tax_total, cash_rounding, total, paid_total, change_given, credit_total, tax_rounding,
    flags, occurred_at, device_occurred_at, recorded_at, business_day, late, payload_hash, extra, version, created_by)
  select tenant_id, pg_temp.id(20, number), location_id, device_id, h + 100000, 'NRB1-01-' || h + 100000, pg_temp.id(21, number), 'sale', 'completed', user_id,
         sum(price), 0, 0, sum(tax), 0, sum(price), sum(price), 0, 0, 'line',
         '{}', at, at, at, at::date, false, sha256('history'), '{}', 1, user_id
  from sold_lines group by tenant_id, number, location_id, device_id, h, user_id, at;
insert into sale_lines (tenant_id, sale_id, line_number, variant_id, name, sku, quantity, unit_price, tax_inclusive, discount, order_discount_share,
    tax_code, tax_rate_ppm, tax_amount, net, gross, unit_cost, returned_quantity)
  select tenant_id, pg_temp.id(20, number), line, variant_id, variant_name, sku, 1, price, true, 0, 0, tax_code, rate_ppm, tax, price - tax, price, cost, 0
  from sold_lines;
insert into sale_taxes (tenant_id, sale_id, tax_code, tax_rate_ppm, inclusive, taxable_net, tax)
  select tenant_id, pg_temp.id(20, number), tax_code, rate_ppm, true, sum(price - tax), sum(tax) from sold_lines group by 1, 2, 3, 4;
insert into payments (tenant_id, id, sale_id, method, amount, status, recorded_at)
  select tenant_id, pg_temp.id(22, number), pg_temp.id(20, number), 'cash', sum(price), 'accepted', at from sold_lines group by tenant_id, number, at;
insert into stock_movements (tenant_id, id, location_id, variant_id, quantity_delta, reason, unit_cost, source_type, source_id, source_line, occurred_at, recorded_at, balance_after, device_id)
  select tenant_id, pg_temp.id(23, number * 4 + line), location_id, variant_id, -1, 'sale', cost, 'sale', pg_temp.id(20, number), line, at, at,
         1000000 - row_number() over (partition by variant_id order by at, line), device_id
  from sold_lines;
update stock_levels l set on_hand = on_hand - taken.lines
  from (select tenant_id, variant_id, count(*) as lines from sold_lines group by 1, 2) taken
  where l.tenant_id = taken.tenant_id and l.variant_id = taken.variant_id;
insert into idempotency_keys (tenant_id, principal_kind, route, key, request_hash, status, response, created_at, expires_at)
  select tenant_id, 'member', 'POST /v1/sales', pg_temp.id(21, number)::text, sha256('history'), 201, convert_to(repeat(number::text, 200), 'UTF8'), at, at + interval '30 days' from sold;
insert into change_pointers (tenant_id, collection, row_id, seq, op, location_id, origin_device_id)
  select tenant_id, 'sales', pg_temp.id(20, number), h, 'u', location_id, device_id from sold;
insert into change_pointers (tenant_id, collection, row_id, seq, op, location_id)
  select l.tenant_id, 'stock_levels', l.id, current_setting('bench.history')::integer + row_number() over (partition by l.tenant_id order by l.id), 'u', l.location_id from stock_levels l;
update tenant_counters c set change_seq = (select coalesce(max(seq), 0) from change_pointers p where p.tenant_id = c.tenant_id);
