create table payment_intent_keys (
    tenant_id uuid not null,
    client_request_id uuid not null,
    intent_id uuid not null,
    created_at timestamptz not null,
    constraint payment_intent_keys_pkey primary key (tenant_id, client_request_id)
);
alter table payment_intent_keys add constraint payment_intent_keys_intent foreign key (tenant_id, intent_id) references payment_intents (tenant_id, id);
alter table payment_intent_keys enable row level security;
alter table payment_intent_keys force row level security;
create policy tenant_isolation on payment_intent_keys to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payment_intent_keys to {{app_system}} using (true) with check (true);
create policy owner_access on payment_intent_keys to current_user using (true) with check (true);
grant select, insert on payment_intent_keys to {{app}};
grant update (created_at, intent_id) on payment_intent_keys to {{app}};
grant select, insert on payment_intent_keys to {{app_system}};
grant update (created_at, intent_id) on payment_intent_keys to {{app_system}};
