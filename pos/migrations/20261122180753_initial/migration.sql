create extension if not exists pg_trgm;
create table categories (
    tenant_id uuid not null,
    id uuid not null,
    parent_id uuid,
    name text not null,
    sort integer not null,
    colour text,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint categories_parent check (parent_id <> id),
    constraint categories_pkey primary key (tenant_id, id)
);
create table change_pointers (
    tenant_id uuid not null,
    collection text not null,
    row_id uuid not null,
    seq bigint not null,
    op text not null,
    location_id uuid,
    origin_device_id uuid,
    constraint change_pointers_op_values check (op in ('u', 'd')),
    constraint change_pointers_pkey primary key (tenant_id, collection, row_id),
    constraint change_pointers_seq unique (tenant_id, seq)
);
create table devices (
    tenant_id uuid not null,
    id uuid not null,
    location_id uuid not null,
    name text not null,
    kind text not null,
    device_number integer not null,
    status text not null,
    last_seq_seen bigint not null,
    last_seen_at timestamptz,
    app_version text,
    clock_skew_ms bigint,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint devices_kind_values check (kind in ('till', 'tablet', 'phone', 'back_office', 'kiosk')),
    constraint devices_number unique (tenant_id, device_number),
    constraint devices_pkey primary key (tenant_id, id),
    constraint devices_status_values check (status in ('active', 'lost', 'retired'))
);
create table idempotency_keys (
    tenant_id uuid not null,
    principal_kind text not null,
    route text not null,
    key text not null,
    request_hash bytea not null,
    status integer not null,
    response bytea not null,
    etag text,
    location text,
    resource_type text,
    resource_id uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint idempotency_keys_pkey primary key (tenant_id, principal_kind, route, key)
);
create table location_counters (
    tenant_id uuid not null,
    location_id uuid not null,
    last_receipt bigint not null,
    constraint location_counters_pkey primary key (tenant_id, location_id)
);
create table locations (
    tenant_id uuid not null,
    id uuid not null,
    code text not null,
    name text not null,
    address text,
    tax_pin text,
    is_warehouse boolean not null,
    active boolean not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint locations_pkey primary key (tenant_id, id)
);
create table login_throttles (
    subject text not null,
    failures integer not null,
    blocked_until timestamptz not null,
    updated_at timestamptz not null,
    constraint login_throttles_pkey primary key (subject)
);
create table membership_roles (
    tenant_id uuid not null,
    id uuid not null,
    membership_id uuid not null,
    role_id uuid not null,
    location_id uuid,
    constraint membership_roles_once unique (tenant_id, membership_id, role_id, location_id),
    constraint membership_roles_pkey primary key (tenant_id, id)
);
create table memberships (
    tenant_id uuid not null,
    id uuid not null,
    user_id uuid not null,
    status text not null,
    default_location_id uuid,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint memberships_pkey primary key (tenant_id, id),
    constraint memberships_status_values check (status in ('active', 'disabled')),
    constraint memberships_user unique (tenant_id, user_id)
);
create table outbox_events (
    tenant_id uuid not null,
    id uuid not null,
    type text not null,
    subject_id uuid not null,
    payload jsonb not null,
    created_at timestamptz not null,
    constraint outbox_events_pkey primary key (tenant_id, id)
);
create table payments (
    tenant_id uuid not null,
    id uuid not null,
    sale_id uuid,
    method text not null,
    amount bigint not null,
    tendered bigint,
    reference text,
    external_ref text,
    intent_id uuid,
    status text not null,
    recorded_at timestamptz not null,
    constraint payments_method_values check (method in ('cash', 'mpesa', 'card', 'bank', 'voucher', 'other')),
    constraint payments_pkey primary key (tenant_id, id),
    constraint payments_status_values check (status in ('accepted', 'unverified', 'reversed'))
);
create table products (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    description text,
    category_id uuid,
    brand text,
    sold_by text not null,
    tax_class_id uuid,
    track_stock boolean not null,
    active boolean not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint products_pkey primary key (tenant_id, id),
    constraint products_sold_by_values check (sold_by in ('unit', 'weight', 'length', 'volume'))
);
create table refresh_tokens (
    id uuid not null,
    session_id uuid not null,
    token_hash bytea not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    replaced_by uuid,
    constraint refresh_tokens_hash unique (token_hash),
    constraint refresh_tokens_pkey primary key (id)
);
create table roles (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    built_in text,
    permissions text[] not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint roles_pkey primary key (tenant_id, id)
);
create table sale_lines (
    tenant_id uuid not null,
    sale_id uuid not null,
    line_number integer not null,
    variant_id uuid,
    name text not null,
    sku text,
    barcode text,
    quantity numeric(18,4) not null,
    unit_price bigint not null,
    tax_inclusive boolean not null,
    discount bigint not null,
    order_discount_share bigint not null,
    tax_code text not null,
    tax_rate_ppm integer not null,
    tax_amount bigint not null,
    net bigint not null,
    gross bigint not null,
    unit_cost bigint,
    original_line integer,
    returned_quantity numeric(18,4) not null,
    constraint sale_lines_pkey primary key (tenant_id, sale_id, line_number),
    constraint sale_lines_returned check (returned_quantity >= 0 and returned_quantity <= quantity)
);
create table sale_taxes (
    tenant_id uuid not null,
    sale_id uuid not null,
    tax_code text not null,
    tax_rate_ppm integer not null,
    inclusive boolean not null,
    taxable_net bigint not null,
    tax bigint not null,
    constraint sale_taxes_pkey primary key (tenant_id, sale_id, tax_code, tax_rate_ppm, inclusive)
);
create table sales (
    tenant_id uuid not null,
    id uuid not null,
    location_id uuid not null,
    register_id uuid,
    shift_id uuid,
    device_id uuid,
    device_seq bigint,
    receipt_number text not null,
    client_request_id uuid not null,
    kind text not null,
    status text not null,
    original_sale_id uuid,
    customer_id uuid,
    cashier_id uuid,
    subtotal bigint not null,
    discount_total bigint not null,
    exclusive_tax_total bigint not null,
    tax_total bigint not null,
    cash_rounding bigint not null,
    total bigint not null,
    paid_total bigint not null,
    change_given bigint not null,
    credit_total bigint not null,
    tax_rounding text not null,
    flags text[] not null,
    occurred_at timestamptz not null,
    device_occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    business_day date not null,
    late boolean not null,
    note text,
    payload_hash bytea not null,
    extra jsonb not null,
    version integer not null,
    created_by uuid,
    constraint sales_change check (change_given >= 0),
    constraint sales_client_request unique (tenant_id, client_request_id),
    constraint sales_device_seq unique (tenant_id, device_id, device_seq),
    constraint sales_kind_values check (kind in ('sale', 'return', 'exchange')),
    constraint sales_paid check (status <> 'completed' or paid_total + credit_total = total),
    constraint sales_pkey primary key (tenant_id, id),
    constraint sales_receipt unique (tenant_id, receipt_number),
    constraint sales_status_values check (status in ('completed', 'voided')),
    constraint sales_tax_rounding_values check (tax_rounding in ('rate_group', 'line')),
    constraint sales_totals check (total = subtotal - discount_total + exclusive_tax_total + cash_rounding)
);
create table sessions (
    id uuid not null,
    user_id uuid not null,
    tenant_id uuid not null,
    device_id uuid,
    kind text not null,
    cookie_hash bytea,
    user_agent text not null,
    ip_address text not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoke_reason text,
    constraint sessions_cookie unique (cookie_hash),
    constraint sessions_kind_values check (kind in ('token', 'cookie')),
    constraint sessions_pkey primary key (id)
);
create table stock_levels (
    tenant_id uuid not null,
    location_id uuid not null,
    variant_id uuid not null,
    id uuid not null,
    on_hand numeric(18,4) not null,
    reserved numeric(18,4) not null,
    average_cost bigint not null,
    version integer not null,
    updated_at timestamptz not null,
    constraint stock_levels_pkey primary key (tenant_id, location_id, variant_id)
);
create table stock_movements (
    tenant_id uuid not null,
    id uuid not null,
    location_id uuid not null,
    variant_id uuid not null,
    quantity_delta numeric(18,4) not null,
    reason text not null,
    unit_cost bigint,
    source_type text not null,
    source_id uuid not null,
    source_line integer not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    balance_after numeric(18,4) not null,
    device_id uuid,
    note text,
    constraint stock_movements_not_zero check (quantity_delta <> 0),
    constraint stock_movements_pkey primary key (tenant_id, id),
    constraint stock_movements_reason_values check (reason in ('sale', 'sale_return', 'void', 'purchase', 'purchase_return', 'adjust', 'waste', 'transfer_out', 'transfer_in', 'count', 'opening')),
    constraint stock_movements_source unique (tenant_id, source_type, source_id, source_line, reason)
);
create table tax_classes (
    tenant_id uuid not null,
    id uuid not null,
    code text not null,
    name text not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint tax_classes_pkey primary key (tenant_id, id)
);
create table tax_rates (
    tenant_id uuid not null,
    id uuid not null,
    tax_class_id uuid not null,
    name text not null,
    rate_ppm integer not null,
    kind text not null,
    inclusive boolean not null,
    valid_from date not null,
    valid_to date,
    fiscal_code text,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint tax_rates_kind_values check (kind in ('standard', 'reduced', 'zero', 'exempt')),
    constraint tax_rates_pkey primary key (tenant_id, id),
    constraint tax_rates_range check (valid_to is null or valid_to > valid_from)
);
create table tenant_counters (
    tenant_id uuid not null,
    change_seq bigint not null,
    constraint tenant_counters_pkey primary key (tenant_id)
);
create table tenants (
    id uuid not null,
    name text not null,
    country text not null,
    currency text not null,
    time_zone text not null,
    business_day_cutoff integer not null,
    tax_rounding text not null,
    cash_rounding_unit bigint not null,
    negative_stock text not null,
    status text not null,
    feed_epoch uuid not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint tenants_negative_stock_values check (negative_stock in ('allow', 'warn', 'block_online')),
    constraint tenants_pkey primary key (id),
    constraint tenants_status_values check (status in ('active', 'suspended', 'closed')),
    constraint tenants_tax_rounding_values check (tax_rounding in ('rate_group', 'line'))
);
create table users (
    id uuid not null,
    email text not null,
    phone text,
    name text not null,
    password_hash text not null,
    password_changed_at timestamptz not null,
    disabled_at timestamptz,
    default_tenant_id uuid,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint users_email unique (email),
    constraint users_phone unique (phone),
    constraint users_pkey primary key (id)
);
create table variant_barcodes (
    tenant_id uuid not null,
    id uuid not null,
    variant_id uuid not null,
    barcode text not null,
    pack_quantity numeric(18,4) not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint variant_barcodes_pkey primary key (tenant_id, id)
);
create table variants (
    tenant_id uuid not null,
    id uuid not null,
    product_id uuid not null,
    name text not null,
    sku text,
    unit text not null,
    price bigint not null,
    cost bigint,
    reorder_level numeric(18,4),
    active boolean not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint variants_pkey primary key (tenant_id, id)
);
create index categories_name on categories (tenant_id, name, id);
create index categories_of_parent on categories (tenant_id, parent_id);
create index devices_name on devices (tenant_id, name, id);
create index idempotency_keys_expiry on idempotency_keys (tenant_id, expires_at);
create unique index locations_code on locations (tenant_id, code) where deleted_at is null;
create index locations_name on locations (tenant_id, name, id);
create index login_throttles_age on login_throttles (updated_at);
create index memberships_of_user on memberships using btree (user_id);
create index outbox_events_created on outbox_events (tenant_id, created_at, id);
create index payments_of_sale on payments (tenant_id, sale_id);
create unique index payments_reference on payments (tenant_id, method, external_ref) where external_ref is not null;
create index products_name on products (tenant_id, name, id);
create index products_of_category on products (tenant_id, category_id, name, id);
create index products_search on products using gin (lower(name) gin_trgm_ops);
create index products_updated on products (tenant_id, updated_at, id);
create index refresh_tokens_of_session on refresh_tokens (session_id);
create unique index roles_name on roles (tenant_id, name) where deleted_at is null;
create index sales_of_location on sales (tenant_id, location_id, recorded_at, id);
create index sales_recorded on sales (tenant_id, recorded_at, id);
create index sessions_of_user on sessions (user_id, created_at);
create index stock_levels_id on stock_levels (tenant_id, id);
create index stock_levels_of_variant on stock_levels (tenant_id, variant_id, location_id);
create index stock_movements_of_variant on stock_movements (tenant_id, variant_id, recorded_at, id);
create index stock_movements_recorded on stock_movements (tenant_id, recorded_at, id);
create unique index tax_classes_code on tax_classes (tenant_id, code) where deleted_at is null;
create index tax_rates_of_class on tax_rates (tenant_id, tax_class_id, valid_from, id);
create unique index variant_barcodes_barcode on variant_barcodes (tenant_id, barcode) where deleted_at is null;
create index variant_barcodes_of_variant on variant_barcodes (tenant_id, variant_id);
create index variants_name on variants (tenant_id, name, id);
create index variants_of_product on variants (tenant_id, product_id, name, id);
create unique index variants_sku on variants (tenant_id, sku) where deleted_at is null;
alter table devices add constraint devices_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table location_counters add constraint location_counters_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table membership_roles add constraint membership_roles_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table membership_roles add constraint membership_roles_membership foreign key (tenant_id, membership_id) references memberships (tenant_id, id);
alter table membership_roles add constraint membership_roles_role foreign key (tenant_id, role_id) references roles (tenant_id, id);
alter table memberships add constraint memberships_location foreign key (tenant_id, default_location_id) references locations (tenant_id, id);
alter table memberships add constraint memberships_users foreign key (user_id) references users (id);
alter table payments add constraint payments_sale foreign key (tenant_id, sale_id) references sales (tenant_id, id);
alter table products add constraint products_category foreign key (tenant_id, category_id) references categories (tenant_id, id);
alter table products add constraint products_tax_class foreign key (tenant_id, tax_class_id) references tax_classes (tenant_id, id);
alter table refresh_tokens add constraint refresh_tokens_session foreign key (session_id) references sessions (id);
alter table sale_lines add constraint sale_lines_sale foreign key (tenant_id, sale_id) references sales (tenant_id, id);
alter table sale_lines add constraint sale_lines_variant foreign key (tenant_id, variant_id) references variants (tenant_id, id);
alter table sale_taxes add constraint sale_taxes_sale foreign key (tenant_id, sale_id) references sales (tenant_id, id);
alter table sales add constraint sales_device foreign key (tenant_id, device_id) references devices (tenant_id, id);
alter table sales add constraint sales_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table sales add constraint sales_original foreign key (tenant_id, original_sale_id) references sales (tenant_id, id);
alter table sessions add constraint sessions_user foreign key (user_id) references users (id);
alter table stock_levels add constraint stock_levels_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table stock_levels add constraint stock_levels_variant foreign key (tenant_id, variant_id) references variants (tenant_id, id);
alter table stock_movements add constraint stock_movements_device foreign key (tenant_id, device_id) references devices (tenant_id, id);
alter table stock_movements add constraint stock_movements_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table stock_movements add constraint stock_movements_variant foreign key (tenant_id, variant_id) references variants (tenant_id, id);
alter table tax_rates add constraint tax_rates_class foreign key (tenant_id, tax_class_id) references tax_classes (tenant_id, id);
alter table variant_barcodes add constraint variant_barcodes_variant foreign key (tenant_id, variant_id) references variants (tenant_id, id);
alter table variants add constraint variants_product foreign key (tenant_id, product_id) references products (tenant_id, id);
alter table categories enable row level security;
alter table categories force row level security;
create policy tenant_isolation on categories to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on categories to {{app_system}} using (true) with check (true);
create policy owner_access on categories to current_user using (true) with check (true);
grant select, insert, update, delete on categories to {{app}};
grant select, insert, update, delete on categories to {{app_system}};
alter table change_pointers enable row level security;
alter table change_pointers force row level security;
create policy tenant_isolation on change_pointers to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on change_pointers to {{app_system}} using (true) with check (true);
create policy owner_access on change_pointers to current_user using (true) with check (true);
grant select, insert, update, delete on change_pointers to {{app}};
grant select, insert, update, delete on change_pointers to {{app_system}};
alter table devices enable row level security;
alter table devices force row level security;
create policy tenant_isolation on devices to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on devices to {{app_system}} using (true) with check (true);
create policy owner_access on devices to current_user using (true) with check (true);
grant select, insert, update, delete on devices to {{app}};
grant select, insert, update, delete on devices to {{app_system}};
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy tenant_isolation on idempotency_keys to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on idempotency_keys to {{app_system}} using (true) with check (true);
create policy owner_access on idempotency_keys to current_user using (true) with check (true);
grant select, insert, update, delete on idempotency_keys to {{app}};
grant select, insert, update, delete on idempotency_keys to {{app_system}};
alter table location_counters enable row level security;
alter table location_counters force row level security;
create policy tenant_isolation on location_counters to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on location_counters to {{app_system}} using (true) with check (true);
create policy owner_access on location_counters to current_user using (true) with check (true);
grant select, insert, update, delete on location_counters to {{app}};
grant select, insert, update, delete on location_counters to {{app_system}};
alter table locations enable row level security;
alter table locations force row level security;
create policy tenant_isolation on locations to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on locations to {{app_system}} using (true) with check (true);
create policy owner_access on locations to current_user using (true) with check (true);
grant select, insert, update, delete on locations to {{app}};
grant select, insert, update, delete on locations to {{app_system}};
grant select, insert, update, delete on login_throttles to {{app_system}};
alter table membership_roles enable row level security;
alter table membership_roles force row level security;
create policy tenant_isolation on membership_roles to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on membership_roles to {{app_system}} using (true) with check (true);
create policy owner_access on membership_roles to current_user using (true) with check (true);
grant select, insert, update, delete on membership_roles to {{app}};
grant select, insert, update, delete on membership_roles to {{app_system}};
alter table memberships enable row level security;
alter table memberships force row level security;
create policy tenant_isolation on memberships to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on memberships to {{app_system}} using (true) with check (true);
create policy owner_access on memberships to current_user using (true) with check (true);
grant select, insert, update, delete on memberships to {{app}};
grant select, insert, update, delete on memberships to {{app_system}};
alter table outbox_events enable row level security;
alter table outbox_events force row level security;
create policy tenant_isolation on outbox_events to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on outbox_events to {{app_system}} using (true) with check (true);
create policy owner_access on outbox_events to current_user using (true) with check (true);
grant select, insert, update, delete on outbox_events to {{app}};
grant select, insert, update, delete on outbox_events to {{app_system}};
alter table payments enable row level security;
alter table payments force row level security;
create policy tenant_isolation on payments to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payments to {{app_system}} using (true) with check (true);
create policy owner_access on payments to current_user using (true) with check (true);
grant select, insert on payments to {{app}};
grant update (external_ref, intent_id, status) on payments to {{app}};
grant select, insert, update, delete on payments to {{app_system}};
alter table products enable row level security;
alter table products force row level security;
create policy tenant_isolation on products to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on products to {{app_system}} using (true) with check (true);
create policy owner_access on products to current_user using (true) with check (true);
grant select, insert, update, delete on products to {{app}};
grant select, insert, update, delete on products to {{app_system}};
grant select, insert, update, delete on refresh_tokens to {{app_system}};
alter table roles enable row level security;
alter table roles force row level security;
create policy tenant_isolation on roles to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on roles to {{app_system}} using (true) with check (true);
create policy owner_access on roles to current_user using (true) with check (true);
grant select, insert, update, delete on roles to {{app}};
grant select, insert, update, delete on roles to {{app_system}};
alter table sale_lines enable row level security;
alter table sale_lines force row level security;
create policy tenant_isolation on sale_lines to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on sale_lines to {{app_system}} using (true) with check (true);
create policy owner_access on sale_lines to current_user using (true) with check (true);
grant select, insert on sale_lines to {{app}};
grant update (returned_quantity) on sale_lines to {{app}};
grant select, insert, update, delete on sale_lines to {{app_system}};
alter table sale_taxes enable row level security;
alter table sale_taxes force row level security;
create policy tenant_isolation on sale_taxes to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on sale_taxes to {{app_system}} using (true) with check (true);
create policy owner_access on sale_taxes to current_user using (true) with check (true);
grant select, insert on sale_taxes to {{app}};
grant select, insert, update, delete on sale_taxes to {{app_system}};
alter table sales enable row level security;
alter table sales force row level security;
create policy tenant_isolation on sales to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on sales to {{app_system}} using (true) with check (true);
create policy owner_access on sales to current_user using (true) with check (true);
grant select, insert on sales to {{app}};
grant select, insert, update, delete on sales to {{app_system}};
grant select, insert, update, delete on sessions to {{app_system}};
alter table stock_levels enable row level security;
alter table stock_levels force row level security;
create policy tenant_isolation on stock_levels to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on stock_levels to {{app_system}} using (true) with check (true);
create policy owner_access on stock_levels to current_user using (true) with check (true);
grant select, insert, update, delete on stock_levels to {{app}};
grant select, insert, update, delete on stock_levels to {{app_system}};
alter table stock_movements enable row level security;
alter table stock_movements force row level security;
create policy tenant_isolation on stock_movements to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on stock_movements to {{app_system}} using (true) with check (true);
create policy owner_access on stock_movements to current_user using (true) with check (true);
grant select, insert on stock_movements to {{app}};
grant select, insert, update, delete on stock_movements to {{app_system}};
alter table tax_classes enable row level security;
alter table tax_classes force row level security;
create policy tenant_isolation on tax_classes to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on tax_classes to {{app_system}} using (true) with check (true);
create policy owner_access on tax_classes to current_user using (true) with check (true);
grant select, insert, update, delete on tax_classes to {{app}};
grant select, insert, update, delete on tax_classes to {{app_system}};
alter table tax_rates enable row level security;
alter table tax_rates force row level security;
create policy tenant_isolation on tax_rates to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on tax_rates to {{app_system}} using (true) with check (true);
create policy owner_access on tax_rates to current_user using (true) with check (true);
grant select, insert, update, delete on tax_rates to {{app}};
grant select, insert, update, delete on tax_rates to {{app_system}};
alter table tenant_counters enable row level security;
alter table tenant_counters force row level security;
create policy tenant_isolation on tenant_counters to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on tenant_counters to {{app_system}} using (true) with check (true);
create policy owner_access on tenant_counters to current_user using (true) with check (true);
grant select, insert, update, delete on tenant_counters to {{app}};
grant select, insert, update, delete on tenant_counters to {{app_system}};
alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant_isolation on tenants to {{app}} using (id = nullif(current_setting('app.tenant', true), '')::uuid) with check (id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on tenants to {{app_system}} using (true) with check (true);
create policy owner_access on tenants to current_user using (true) with check (true);
grant select, insert, update, delete on tenants to {{app}};
grant select, insert, update, delete on tenants to {{app_system}};
grant select, insert, update, delete on users to {{app_system}};
alter table variant_barcodes enable row level security;
alter table variant_barcodes force row level security;
create policy tenant_isolation on variant_barcodes to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on variant_barcodes to {{app_system}} using (true) with check (true);
create policy owner_access on variant_barcodes to current_user using (true) with check (true);
grant select, insert, update, delete on variant_barcodes to {{app}};
grant select, insert, update, delete on variant_barcodes to {{app_system}};
alter table variants enable row level security;
alter table variants force row level security;
create policy tenant_isolation on variants to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on variants to {{app_system}} using (true) with check (true);
create policy owner_access on variants to current_user using (true) with check (true);
grant select, insert, update, delete on variants to {{app}};
grant select, insert, update, delete on variants to {{app_system}};
create or replace function end_device_sessions(device uuid, moment timestamptz) returns void
language plpgsql security definer set search_path = public as $$
declare
  ended uuid;
begin
  for ended in
    update sessions set revoked_at = moment, revoke_reason = 'device_revoked'
    where tenant_id = nullif(current_setting('app.tenant', true), '')::uuid and device_id = device and revoked_at is null
    returning id
  loop
    perform pg_notify('auth_changes', 'session:' || ended);
  end loop;
end $$;
grant create on schema public to {{app_system}};
alter function end_device_sessions(uuid, timestamptz) owner to {{app_system}};
revoke create on schema public from {{app_system}};
create or replace function search_products(term text, category uuid, is_active boolean, since timestamptz,
                                           after_name text, after_id uuid, most integer) returns setof uuid
language plpgsql stable security definer set search_path = public as $$
declare
  tenant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  pattern text := regexp_replace(regexp_replace(lower(trim(term)), '([\\%_])', '\\\1', 'g'), '\s+', '%', 'g');
  first_pattern text;
  word_pattern text;
begin
  if length(trim(term)) < 3 then
    first_pattern := pattern || '%';
    word_pattern := '% ' || pattern || '%';
  else
    first_pattern := '%' || pattern || '%';
  end if;
  return query execute
    'with matching as materialized ('
    '  select id, name from products where tenant_id = $1 and deleted_at is null and (lower(name) like $2 or lower(name) like $3) '
    '  and ($4 is null or category_id = $4) and ($5 is null or active = $5) and ($6 is null or updated_at >= $6) '
    '  and ($7 is null or (name, id) > ($7, $8))) '
    'select id from matching order by name, id limit $9'
    using tenant, first_pattern, word_pattern, category, is_active, since, after_name, after_id, most;
end $$;
grant create on schema public to {{app_system}};
alter function search_products(text, uuid, boolean, timestamptz, text, uuid, integer) owner to {{app_system}};
revoke create on schema public from {{app_system}};
create or replace function stock_required(location uuid, variants uuid[]) returns void language plpgsql as $$
begin
  if exists (select from stock_levels where tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
             and location_id = location and variant_id = any(variants) and on_hand < 0) then
    raise exception 'not enough on the shelf' using errcode = 'ST409';
  end if;
end $$;
create or replace function idempotency_lock(key bigint) returns void language plpgsql as $$
begin
  if not pg_try_advisory_xact_lock(key) then
    raise exception 'the first request with this key is still running' using errcode = 'IK409';
  end if;
end $$;
create or replace function violate(constraint_name text) returns void language plpgsql as $$
begin
  raise exception 'refused as %', constraint_name using errcode = '23514', constraint = constraint_name;
end $$;
