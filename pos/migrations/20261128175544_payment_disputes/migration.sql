create table payment_disputes (
    tenant_id uuid not null,
    intent_id uuid not null,
    provider_id text not null,
    state text not null,
    amount bigint not null,
    refunded_before bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint payment_disputes_pkey primary key (tenant_id, intent_id, provider_id),
    constraint payment_disputes_state_values check (state in ('open', 'won', 'lost'))
);
alter table payment_intents add column disputed boolean not null default false;
alter table payment_intents add column received bigint;
update payment_intents set disputed = true where concern = 'disputed';
alter table payment_disputes add constraint payment_disputes_intent foreign key (tenant_id, intent_id) references payment_intents (tenant_id, id);
alter table payment_disputes enable row level security;
alter table payment_disputes force row level security;
create policy tenant_isolation on payment_disputes to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payment_disputes to {{app_system}} using (true) with check (true);
create policy owner_access on payment_disputes to current_user using (true) with check (true);
grant select, insert on payment_disputes to {{app}};
grant update (amount, created_at, refunded_before, state, updated_at) on payment_disputes to {{app}};
grant select, insert on payment_disputes to {{app_system}};
grant update (amount, created_at, refunded_before, state, updated_at) on payment_disputes to {{app_system}};
revoke all on payment_intents from {{app}}, {{app_system}};
grant select, insert on payment_intents to {{app}};
grant update (account_id, amount, client_request_id, concern, created_at, created_by, currency, description, disputed, expires_at, finished_at, location_id, next_query_at, paid_at, phone, provider, provider_id, purpose, queries, receipt_code, received, redirect_url, reference, refund_held, refunded, result_code, result_text, return_url, sealed_client_secret, second_id, sent_at, state, subject_id, updated_at, version, waits) on payment_intents to {{app}};
grant select, insert on payment_intents to {{app_system}};
grant update (account_id, amount, client_request_id, concern, created_at, created_by, currency, description, disputed, expires_at, finished_at, location_id, next_query_at, paid_at, phone, provider, provider_id, purpose, queries, receipt_code, received, redirect_url, reference, refund_held, refunded, result_code, result_text, return_url, sealed_client_secret, second_id, sent_at, state, subject_id, updated_at, version, waits) on payment_intents to {{app_system}};
