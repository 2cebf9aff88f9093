-- Breaks: the reference categories_image of categories is new or changed: rows of the release before that refer to nothing are refused. First release the code that writes none
-- Breaks: notifications_kind_values of notifications takes 'webhook_disabled': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: the reference products_image of products is new or changed: rows of the release before that refer to nothing are refused. First release the code that writes none
-- Breaks: the check subscriptions_storage of subscriptions is new or changed: rows of the release before that fail it are refused. First release the code that writes none
-- Breaks: the check tenants_logo of tenants is new or changed: rows of the release before that fail it are refused. First release the code that writes none
-- Mind: index categories_of_image blocks writes to categories while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: notifications_kind_values is checked against every row of notifications, which is locked meanwhile
-- Mind: index products_of_image blocks writes to products while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: subscriptions_storage is checked against every row of subscriptions, which is locked meanwhile
-- Mind: tenants_logo is checked against every row of tenants, which is locked meanwhile
-- Mind: index tenants_of_image blocks writes to tenants while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: categories_image is checked against every row of categories, which is locked meanwhile
-- Mind: products_image is checked against every row of products, which is locked meanwhile

alter table notifications drop constraint notifications_kind_values;
create table documents (
    tenant_id uuid not null,
    id uuid not null,
    status text not null,
    name text not null,
    content_type text not null,
    bytes bigint not null,
    sha256 text,
    request_key text,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint documents_pkey primary key (tenant_id, id),
    constraint documents_ready check (bytes >= 0 and (status <> 'ready' or sha256 is not null)),
    constraint documents_status_values check (status in ('pending', 'ready', 'lost'))
);
create table file_sweeps (
    name text not null,
    after text not null,
    updated_at timestamptz not null,
    constraint file_sweeps_pkey primary key (name)
);
create table images (
    tenant_id uuid not null,
    id uuid not null,
    status text not null,
    url text,
    content_type text,
    width integer,
    height integer,
    colour text,
    bytes bigint not null,
    sha256 text,
    files jsonb not null,
    request_key text,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint images_pkey primary key (tenant_id, id),
    constraint images_ready check (status <> 'ready' or (url is not null and sha256 is not null and width is not null and height is not null)),
    constraint images_status_values check (status in ('pending', 'ready', 'lost')),
    constraint images_unused check (bytes >= 0)
);
create table report_runs (
    tenant_id uuid not null,
    id uuid not null,
    report text not null,
    first_day date,
    last_day date,
    location_id uuid,
    format text not null,
    status text not null,
    slot integer,
    attempt integer not null,
    lease_until timestamptz,
    next_look_at timestamptz,
    has_files boolean not null,
    rows bigint not null,
    percent integer,
    bytes bigint,
    sha256 text,
    failure text,
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    expires_at timestamptz,
    deleted_at timestamptz,
    created_by uuid,
    constraint report_runs_file check ((status in ('succeeded', 'expired')) = (bytes is not null and sha256 is not null and expires_at is not null)),
    constraint report_runs_format_values check (format in ('csv')),
    constraint report_runs_pkey primary key (tenant_id, id),
    constraint report_runs_report_values check (report in ('sales', 'sales-summary', 'payments', 'tax', 'best-sellers', 'profit', 'cashier', 'stock-valuation', 'stock-low')),
    constraint report_runs_slot check ((slot is not null) = (status in ('queued', 'running'))),
    constraint report_runs_status_values check (status in ('queued', 'running', 'succeeded', 'failed', 'expired'))
);
create table storage_uploads (
    bucket text not null,
    key text not null,
    upload_id text not null,
    began_at timestamptz not null,
    constraint storage_uploads_pkey primary key (bucket, key, upload_id)
);
create table upload_pieces (
    tenant_id uuid not null,
    upload_id uuid not null,
    fence bigint not null,
    first bigint not null,
    length bigint not null,
    constraint upload_pieces_pkey primary key (tenant_id, upload_id, fence)
);
create table uploads (
    tenant_id uuid not null,
    id uuid not null,
    purpose text not null,
    kind text not null,
    state text not null,
    content_type text not null,
    name text,
    bytes bigint not null,
    received bigint not null,
    sha256 text,
    image_id uuid,
    document_id uuid,
    problem text,
    expires_at timestamptz not null,
    request_key text,
    fence bigint not null,
    metadata text not null,
    created_by uuid,
    origin_device_id uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint uploads_bytes check (bytes >= 0 and received between 0 and bytes),
    constraint uploads_kind_values check (kind in ('signed_url', 'tus')),
    constraint uploads_open check (bytes >= 0),
    constraint uploads_pkey primary key (tenant_id, id),
    constraint uploads_purpose check ((purpose = 'image') = (image_id is not null) and (purpose = 'document') = (document_id is not null)),
    constraint uploads_purpose_values check (purpose in ('image', 'document')),
    constraint uploads_state_values check (state in ('open', 'completed', 'refused', 'expired', 'deleted'))
);
create table webhook_attempts (
    tenant_id uuid not null,
    id uuid not null,
    delivery_id uuid not null,
    number integer not null,
    started_at timestamptz not null,
    duration_ms integer not null,
    outcome text not null,
    status integer,
    reply text,
    constraint webhook_attempts_outcome_values check (outcome in ('succeeded', 'gone', 'redirected', 'refused', 'throttled', 'failed', 'timed_out', 'unreachable', 'tls_failed', 'bad_reply', 'address_refused', 'cancelled')),
    constraint webhook_attempts_pkey primary key (tenant_id, id)
);
create table webhook_deliveries (
    tenant_id uuid not null,
    id uuid not null,
    endpoint_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    subject uuid not null,
    position bigint not null,
    state text not null,
    attempts integer not null,
    sent integer not null,
    next_attempt_at timestamptz,
    last_outcome text,
    last_status integer,
    created_at timestamptz not null,
    settled_at timestamptz,
    constraint webhook_deliveries_last_outcome_values check (last_outcome in ('succeeded', 'gone', 'redirected', 'refused', 'throttled', 'failed', 'timed_out', 'unreachable', 'tls_failed', 'bad_reply', 'address_refused', 'cancelled')),
    constraint webhook_deliveries_once unique (tenant_id, event_id, endpoint_id),
    constraint webhook_deliveries_pkey primary key (tenant_id, id),
    constraint webhook_deliveries_state_values check (state in ('pending', 'succeeded', 'exhausted'))
);
create table webhook_endpoints (
    tenant_id uuid not null,
    id uuid not null,
    url text not null,
    description text,
    event_types text[] not null,
    location_ids uuid[] not null,
    payload text not null,
    ordered boolean not null,
    enabled boolean not null,
    signing text not null,
    disabled_reason text,
    disabled_at timestamptz,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint webhook_endpoints_disabled_reason_values check (disabled_reason in ('by_hand', 'failing', 'gone')),
    constraint webhook_endpoints_limit check (url <> ''),
    constraint webhook_endpoints_locations check (url <> ''),
    constraint webhook_endpoints_payload_values check (payload in ('full', 'thin')),
    constraint webhook_endpoints_pkey primary key (tenant_id, id),
    constraint webhook_endpoints_places check (case when array_ndims(location_ids) > 1 then false else array_position(location_ids, null) is null end),
    constraint webhook_endpoints_signing_values check (signing in ('hmac', 'ed25519')),
    constraint webhook_endpoints_types check (case when array_ndims(event_types) > 1 then false else array_position(event_types, null) is null end)
);
create table webhook_events (
    tenant_id uuid not null,
    id uuid not null,
    position bigint not null,
    type text not null,
    subject uuid not null,
    place uuid,
    body bytea not null,
    thin_body bytea not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    fanned_out_at timestamptz,
    constraint webhook_events_pkey primary key (tenant_id, id)
);
create table webhook_queues (
    tenant_id uuid not null,
    endpoint_id uuid not null,
    pending bigint not null,
    missed bigint not null,
    missed_since timestamptz,
    failing_since timestamptz,
    next_due_at timestamptz,
    wake_at timestamptz,
    leased_until timestamptz,
    claim bigint not null,
    constraint webhook_queues_counts check (pending >= 0 and missed >= 0),
    constraint webhook_queues_pkey primary key (tenant_id, endpoint_id)
);
create table webhook_secrets (
    tenant_id uuid not null,
    id uuid not null,
    endpoint_id uuid not null,
    sealed bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    constraint webhook_secrets_pkey primary key (tenant_id, id)
);
alter table categories add column image_id uuid;
alter table categories add column image_url text;
alter table products add column image_id uuid;
alter table products add column image_url text;
alter table tenants add column logo_image_id uuid;
alter table tenants add column logo_url text;
create index categories_of_image on categories (tenant_id, image_id) where image_id is not null;
create index documents_newest on documents (tenant_id, created_at, id);
create unique index documents_request on documents (tenant_id, request_key) where request_key is not null;
create index documents_to_remove on documents using btree (deleted_at) where deleted_at is not null and bytes > 0;
create index documents_unfinished on documents using btree (created_at) where status = 'pending' and deleted_at is null;
create index documents_updated on documents (tenant_id, updated_at, id);
create index images_by_status on images (tenant_id, status, created_at, id);
create index images_newest on images (tenant_id, created_at, id);
create unique index images_request on images (tenant_id, request_key) where request_key is not null;
create index images_to_remove on images using btree (deleted_at) where deleted_at is not null and bytes > 0;
create index images_unfinished on images using btree (created_at) where status = 'pending' and deleted_at is null;
create index images_updated on images (tenant_id, updated_at, id);
alter table notifications add constraint notifications_kind_values check (kind in ('daily_summary', 'email_change_new', 'email_change_old', 'email_changed', 'email_verify', 'failed_jobs', 'invite', 'login_limit', 'low_stock', 'new_login', 'password_changed', 'password_reset', 'phone_code', 'receipt', 'second_factor', 'subscription', 'webhook_disabled'));
create index products_of_image on products (tenant_id, image_id) where image_id is not null;
create index report_runs_age on report_runs using btree (created_at);
create index report_runs_due on report_runs using btree (next_look_at) where next_look_at is not null;
create index report_runs_expiry on report_runs using btree (expires_at) where status = 'succeeded';
create index report_runs_files on report_runs using btree (finished_at) where has_files and slot is null and (status <> 'succeeded' or deleted_at is not null);
create index report_runs_newest on report_runs (tenant_id, created_at, id);
create unique index report_runs_slots on report_runs (tenant_id, slot) where slot is not null;
create index storage_uploads_age on storage_uploads (began_at);
alter table subscriptions add constraint subscriptions_storage check (limits is not null);
alter table tenants add constraint tenants_logo check (logo_image_id is null or logo_url is not null);
create index tenants_of_image on tenants using btree (logo_image_id) where logo_image_id is not null;
create index uploads_age on uploads using btree (updated_at) where state <> 'open';
create index uploads_due on uploads using btree (expires_at) where state = 'open';
create index uploads_newest on uploads (tenant_id, created_at, id);
create index uploads_of_document on uploads (tenant_id, document_id) where document_id is not null;
create index uploads_of_image on uploads (tenant_id, image_id) where image_id is not null;
create unique index uploads_request on uploads (tenant_id, request_key) where request_key is not null;
create index webhook_attempts_age on webhook_attempts using btree (started_at);
create index webhook_attempts_of_delivery on webhook_attempts (tenant_id, delivery_id, number);
create index webhook_deliveries_age on webhook_deliveries using btree (settled_at) where settled_at is not null;
create index webhook_deliveries_by_state on webhook_deliveries (tenant_id, endpoint_id, state, created_at, id);
create index webhook_deliveries_by_type on webhook_deliveries (tenant_id, endpoint_id, event_type, created_at, id);
create index webhook_deliveries_due on webhook_deliveries (tenant_id, endpoint_id, next_attempt_at) where state = 'pending' and next_attempt_at is not null;
create index webhook_deliveries_in_order on webhook_deliveries (tenant_id, endpoint_id, subject, position) where state = 'pending';
create index webhook_deliveries_newest on webhook_deliveries (tenant_id, endpoint_id, created_at, id);
create index webhook_deliveries_old on webhook_deliveries using btree (created_at) where state = 'pending';
create index webhook_endpoints_newest on webhook_endpoints (tenant_id, created_at, id);
create index webhook_endpoints_updated on webhook_endpoints (tenant_id, updated_at, id);
create index webhook_events_age on webhook_events using btree (recorded_at);
create index webhook_events_late on webhook_events using btree (recorded_at) where fanned_out_at is null;
create index webhook_events_newest on webhook_events (tenant_id, recorded_at, id);
create index webhook_events_waiting on webhook_events (tenant_id, position) where fanned_out_at is null;
create index webhook_queues_due on webhook_queues using btree (next_due_at) where next_due_at is not null;
create index webhook_secrets_age on webhook_secrets using btree (expires_at) where expires_at is not null;
create index webhook_secrets_of_endpoint on webhook_secrets (tenant_id, endpoint_id, created_at);
alter table categories add constraint categories_image foreign key (tenant_id, image_id) references images (tenant_id, id);
alter table products add constraint products_image foreign key (tenant_id, image_id) references images (tenant_id, id);
alter table report_runs add constraint report_runs_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table upload_pieces add constraint upload_pieces_upload foreign key (tenant_id, upload_id) references uploads (tenant_id, id);
alter table uploads add constraint uploads_document foreign key (tenant_id, document_id) references documents (tenant_id, id);
alter table uploads add constraint uploads_image foreign key (tenant_id, image_id) references images (tenant_id, id);
alter table webhook_deliveries add constraint webhook_deliveries_endpoint foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id);
alter table webhook_deliveries add constraint webhook_deliveries_event foreign key (tenant_id, event_id) references webhook_events (tenant_id, id);
alter table webhook_queues add constraint webhook_queues_endpoint foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id);
alter table webhook_secrets add constraint webhook_secrets_endpoint foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id);
alter table documents enable row level security;
alter table documents force row level security;
create policy tenant_isolation on documents to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on documents to {{app_system}} using (true) with check (true);
create policy owner_access on documents to current_user using (true) with check (true);
grant select, insert, update, delete on documents to {{app}};
grant select, insert, update, delete on documents to {{app_system}};
grant select, insert, update, delete on file_sweeps to {{app_system}};
alter table images enable row level security;
alter table images force row level security;
create policy tenant_isolation on images to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on images to {{app_system}} using (true) with check (true);
create policy owner_access on images to current_user using (true) with check (true);
grant select, insert, update, delete on images to {{app}};
grant select, insert, update, delete on images to {{app_system}};
alter table report_runs enable row level security;
alter table report_runs force row level security;
create policy tenant_isolation on report_runs to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on report_runs to {{app_system}} using (true) with check (true);
create policy owner_access on report_runs to current_user using (true) with check (true);
grant select, insert, update, delete on report_runs to {{app}};
grant select, insert, update, delete on report_runs to {{app_system}};
grant select, insert, update, delete on storage_uploads to {{app_system}};
alter table upload_pieces enable row level security;
alter table upload_pieces force row level security;
create policy tenant_isolation on upload_pieces to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on upload_pieces to {{app_system}} using (true) with check (true);
create policy owner_access on upload_pieces to current_user using (true) with check (true);
grant select, insert, update, delete on upload_pieces to {{app}};
grant select, insert, update, delete on upload_pieces to {{app_system}};
alter table uploads enable row level security;
alter table uploads force row level security;
create policy tenant_isolation on uploads to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on uploads to {{app_system}} using (true) with check (true);
create policy owner_access on uploads to current_user using (true) with check (true);
grant select, insert, update, delete on uploads to {{app}};
grant select, insert, update, delete on uploads to {{app_system}};
alter table webhook_attempts enable row level security;
alter table webhook_attempts force row level security;
create policy tenant_isolation on webhook_attempts to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on webhook_attempts to {{app_system}} using (true) with check (true);
create policy owner_access on webhook_attempts to current_user using (true) with check (true);
grant select, insert, update, delete on webhook_attempts to {{app}};
grant select, insert, update, delete on webhook_attempts to {{app_system}};
alter table webhook_deliveries enable row level security;
alter table webhook_deliveries force row level security;
create policy tenant_isolation on webhook_deliveries to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on webhook_deliveries to {{app_system}} using (true) with check (true);
create policy owner_access on webhook_deliveries to current_user using (true) with check (true);
grant select, insert, update, delete on webhook_deliveries to {{app}};
grant select, insert, update, delete on webhook_deliveries to {{app_system}};
alter table webhook_endpoints enable row level security;
alter table webhook_endpoints force row level security;
create policy tenant_isolation on webhook_endpoints to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on webhook_endpoints to {{app_system}} using (true) with check (true);
create policy owner_access on webhook_endpoints to current_user using (true) with check (true);
grant select, insert on webhook_endpoints to {{app}};
grant update (created_at, created_by, deleted_at, description, disabled_at, disabled_reason, enabled, event_types, location_ids, ordered, origin_device_id, payload, signing, updated_at, url, version) on webhook_endpoints to {{app}};
grant select, insert on webhook_endpoints to {{app_system}};
grant update (created_at, created_by, deleted_at, description, disabled_at, disabled_reason, enabled, event_types, location_ids, ordered, origin_device_id, payload, signing, updated_at, url, version) on webhook_endpoints to {{app_system}};
alter table webhook_events enable row level security;
alter table webhook_events force row level security;
create policy tenant_isolation on webhook_events to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on webhook_events to {{app_system}} using (true) with check (true);
create policy owner_access on webhook_events to current_user using (true) with check (true);
grant select, insert, update, delete on webhook_events to {{app}};
grant select, insert, update, delete on webhook_events to {{app_system}};
alter table webhook_queues enable row level security;
alter table webhook_queues force row level security;
create policy tenant_isolation on webhook_queues to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on webhook_queues to {{app_system}} using (true) with check (true);
create policy owner_access on webhook_queues to current_user using (true) with check (true);
grant select, insert on webhook_queues to {{app}};
grant update (claim, failing_since, leased_until, missed, missed_since, next_due_at, pending, wake_at) on webhook_queues to {{app}};
grant select, insert on webhook_queues to {{app_system}};
grant update (claim, failing_since, leased_until, missed, missed_since, next_due_at, pending, wake_at) on webhook_queues to {{app_system}};
alter table webhook_secrets enable row level security;
alter table webhook_secrets force row level security;
create policy tenant_isolation on webhook_secrets to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on webhook_secrets to {{app_system}} using (true) with check (true);
create policy owner_access on webhook_secrets to current_user using (true) with check (true);
grant select, insert, update, delete on webhook_secrets to {{app}};
grant select, insert, update, delete on webhook_secrets to {{app_system}};

-- Descriptions were plain text, and are HTML now: what they say stays the same.
update products set description = replace(replace(replace(description, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'),
  version = version + 1, updated_at = now()
where description ~ '[&<>]';
