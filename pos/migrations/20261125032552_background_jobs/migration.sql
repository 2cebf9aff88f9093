create sequence outbox_position;
grant usage on sequence outbox_position to {{app}}, {{app_system}};
drop table outbox_events;
create table daily_sales (
    tenant_id uuid not null,
    location_id uuid not null,
    business_day date not null,
    sales bigint not null,
    total bigint not null,
    tax_total bigint not null,
    discount_total bigint not null,
    updated_at timestamptz not null,
    constraint daily_sales_pkey primary key (tenant_id, location_id, business_day)
);
create table handled_jobs (
    tenant_id uuid not null,
    queue text not null,
    job_id text not null,
    handled_at timestamptz not null,
    constraint handled_jobs_pkey primary key (tenant_id, queue, job_id)
);
create table outbox_jobs (
    tenant_id uuid not null,
    id uuid not null,
    position bigint not null,
    queue text not null,
    name text not null,
    data jsonb not null,
    options jsonb not null,
    created_at timestamptz not null,
    failure text,
    constraint outbox_jobs_pkey primary key (tenant_id, id)
);
create index daily_sales_days on daily_sales (tenant_id, business_day, location_id);
create index handled_jobs_age on handled_jobs using btree (handled_at);
create index outbox_jobs_position on outbox_jobs using btree (position);
alter table daily_sales add constraint daily_sales_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table daily_sales enable row level security;
alter table daily_sales force row level security;
create policy tenant_isolation on daily_sales to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on daily_sales to {{app_system}} using (true) with check (true);
create policy owner_access on daily_sales to current_user using (true) with check (true);
grant select, insert, update, delete on daily_sales to {{app}};
grant select, insert, update, delete on daily_sales to {{app_system}};
alter table handled_jobs enable row level security;
alter table handled_jobs force row level security;
create policy tenant_isolation on handled_jobs to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on handled_jobs to {{app_system}} using (true) with check (true);
create policy owner_access on handled_jobs to current_user using (true) with check (true);
grant select, insert, update, delete on handled_jobs to {{app}};
grant select, insert, update, delete on handled_jobs to {{app_system}};
alter table outbox_jobs enable row level security;
alter table outbox_jobs force row level security;
create policy tenant_isolation on outbox_jobs to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on outbox_jobs to {{app_system}} using (true) with check (true);
create policy owner_access on outbox_jobs to current_user using (true) with check (true);
grant select, insert, update, delete on outbox_jobs to {{app}};
grant select, insert, update, delete on outbox_jobs to {{app_system}};
