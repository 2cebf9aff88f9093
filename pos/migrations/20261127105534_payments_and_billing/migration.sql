-- Breaks: notifications_kind_values of notifications takes 'subscription': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: the key payments_intent of payments is new or changed: a second row with it is refused to the release before, which does not know the error. First release the code that writes none
-- Mind: notifications_kind_values is checked against every row of notifications, which is locked meanwhile
-- Mind: index payments_intent blocks writes to payments while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: index payments_unverified blocks writes to payments while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently

alter table notifications drop constraint notifications_kind_values;
create table c2b_payments (
    tenant_id uuid not null,
    id uuid not null,
    account_id uuid not null,
    provider text not null,
    receipt text not null,
    account_code text not null,
    amount bigint not null,
    currency text not null,
    reference text not null,
    payer_hash text not null,
    payer_name text not null,
    paid_at timestamptz,
    proven boolean not null,
    received_at timestamptz not null,
    state text not null,
    matched_kind text,
    matched_id uuid,
    matched_at timestamptz,
    matched_by uuid,
    version integer not null,
    constraint c2b_payments_matched_kind_values check (matched_kind in ('intent', 'sale_payment', 'invoice')),
    constraint c2b_payments_pkey primary key (tenant_id, id),
    constraint c2b_payments_receipt unique (tenant_id, provider, receipt),
    constraint c2b_payments_state_values check (state in ('unmatched', 'matched'))
);
create table payment_accounts (
    tenant_id uuid not null,
    id uuid not null,
    owner text not null,
    provider text not null,
    name text not null,
    shown text not null,
    enabled boolean not null,
    refuses_unknown boolean not null,
    credentials bytea,
    callback_token_hash bytea not null,
    former_token_hash bytea,
    callback_token bytea not null,
    callbacks_registered_at timestamptz,
    pulled_until timestamptz,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    created_by uuid,
    origin_device_id uuid,
    constraint payment_accounts_owner_values check (owner in ('tenant', 'platform')),
    constraint payment_accounts_pkey primary key (tenant_id, id)
);
create table payment_intents (
    tenant_id uuid not null,
    id uuid not null,
    client_request_id uuid not null,
    account_id uuid not null,
    provider text not null,
    purpose text not null,
    subject_id uuid not null,
    location_id uuid,
    amount bigint not null,
    currency text not null,
    phone text,
    reference text not null,
    description text not null,
    return_url text,
    state text not null,
    provider_id text,
    second_id text,
    receipt_code text,
    result_code text,
    result_text text,
    concern text,
    waits boolean not null,
    redirect_url text,
    sealed_client_secret bytea,
    refunded bigint not null,
    refund_held bigint not null,
    queries integer not null,
    next_query_at timestamptz,
    expires_at timestamptz not null,
    sent_at timestamptz,
    paid_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    created_by uuid,
    version integer not null,
    constraint payment_intents_amount check (amount > 0),
    constraint payment_intents_concern_values check (concern in ('amount_differs', 'currency_differs', 'disputed', 'paid_after_end', 'receipt_differs', 'receipt_used', 'subject_missing', 'subject_paid', 'subject_unfit')),
    constraint payment_intents_pkey primary key (tenant_id, id),
    constraint payment_intents_purpose_values check (purpose in ('sale', 'subscription')),
    constraint payment_intents_refunds check (refunded >= 0 and refund_held >= 0 and refunded + refund_held <= amount),
    constraint payment_intents_request unique (tenant_id, client_request_id),
    constraint payment_intents_state_values check (state in ('created', 'sent', 'pending', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown', 'refunded'))
);
create table payment_refund_tasks (
    tenant_id uuid not null,
    intent_id uuid not null,
    reason text not null,
    amount bigint not null,
    state text not null,
    created_at timestamptz not null,
    closed_at timestamptz,
    closed_by uuid,
    note text,
    constraint payment_refund_tasks_pkey primary key (tenant_id, intent_id),
    constraint payment_refund_tasks_reason_values check (reason in ('amount_differs', 'currency_differs', 'disputed', 'paid_after_end', 'receipt_differs', 'receipt_used', 'subject_missing', 'subject_paid', 'subject_unfit')),
    constraint payment_refund_tasks_state_values check (state in ('open', 'done', 'dismissed'))
);
create table payment_refunds (
    tenant_id uuid not null,
    id uuid not null,
    client_request_id uuid not null,
    intent_id uuid not null,
    amount bigint not null,
    reason text not null,
    by_hand boolean not null,
    state text not null,
    provider_id text,
    result_code text,
    result_text text,
    created_by uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint payment_refunds_amount check (amount > 0),
    constraint payment_refunds_pkey primary key (tenant_id, id),
    constraint payment_refunds_request unique (tenant_id, client_request_id),
    constraint payment_refunds_state_values check (state in ('pending', 'succeeded', 'failed', 'unknown'))
);
create table plans (
    code text not null,
    name text not null,
    price bigint not null,
    currency text not null,
    period text not null,
    limits jsonb not null,
    trial_days integer not null,
    is_default boolean not null,
    is_offered boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint plans_period_values check (period in ('month', 'year')),
    constraint plans_pkey primary key (code),
    constraint plans_price check (price >= 0 and trial_days >= 0)
);
create table provider_events (
    tenant_id uuid not null,
    id uuid not null,
    account_id uuid not null,
    provider text not null,
    kind text not null,
    dedupe_key text not null,
    body bytea not null,
    headers jsonb not null,
    trusted boolean not null,
    attempt_ref text,
    received_at timestamptz not null,
    intent_id uuid,
    processed_at timestamptz,
    due_at timestamptz,
    outcome text,
    deliveries integer not null,
    constraint provider_events_once unique (tenant_id, account_id, dedupe_key),
    constraint provider_events_pkey primary key (tenant_id, id)
);
create table subscription_credits (
    tenant_id uuid not null,
    id uuid not null,
    reason text not null,
    amount bigint not null,
    currency text not null,
    intent_id uuid,
    invoice_id uuid,
    created_at timestamptz not null,
    constraint subscription_credits_pkey primary key (tenant_id, id)
);
create table subscription_invoices (
    tenant_id uuid not null,
    id uuid not null,
    subscription_id uuid not null,
    reason text not null,
    plan_code text not null,
    plan_name text not null,
    price bigint not null,
    currency text not null,
    period text not null,
    limits jsonb not null,
    period_start date not null,
    period_end date not null,
    due_on date not null,
    state text not null,
    intent_id uuid,
    paid_at timestamptz,
    notices integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version integer not null,
    constraint subscription_invoices_period_values check (period in ('month', 'year')),
    constraint subscription_invoices_pkey primary key (tenant_id, id),
    constraint subscription_invoices_reason_values check (reason in ('period')),
    constraint subscription_invoices_state_values check (state in ('open', 'paid', 'void'))
);
create table subscriptions (
    tenant_id uuid not null,
    id uuid not null,
    plan_code text not null,
    plan_name text not null,
    price bigint not null,
    currency text not null,
    period text not null,
    limits jsonb not null,
    next_plan_code text,
    state text not null,
    anchor_day integer not null,
    period_start date not null,
    period_end date not null,
    grace_until date not null,
    cancels_at_end boolean not null,
    cancelled_at timestamptz,
    phone text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version integer not null,
    constraint subscriptions_locations check (limits is not null),
    constraint subscriptions_period check (period_start <= period_end and anchor_day between 1 and 31),
    constraint subscriptions_period_values check (period in ('month', 'year')),
    constraint subscriptions_pkey primary key (tenant_id, id),
    constraint subscriptions_seats check (limits is not null),
    constraint subscriptions_state_values check (state in ('trialing', 'active', 'past_due', 'grace', 'suspended', 'cancelled'))
);
create index c2b_payments_by_state on c2b_payments (tenant_id, state, received_at, id);
create unique index c2b_payments_match on c2b_payments (tenant_id, matched_kind, matched_id) where matched_id is not null and matched_kind <> 'invoice';
create index c2b_payments_newest on c2b_payments (tenant_id, received_at, id);
alter table notifications add constraint notifications_kind_values check (kind in ('daily_summary', 'email_change_new', 'email_change_old', 'email_changed', 'email_verify', 'failed_jobs', 'invite', 'login_limit', 'low_stock', 'new_login', 'password_changed', 'password_reset', 'receipt', 'subscription'));
create index payment_accounts_by_former_token on payment_accounts using btree (former_token_hash) where former_token_hash is not null;
create index payment_accounts_by_name on payment_accounts (tenant_id, name, id);
create index payment_accounts_by_token on payment_accounts using btree (callback_token_hash);
create unique index payment_accounts_live on payment_accounts (tenant_id, owner, provider, shown) where deleted_at is null;
create index payment_accounts_updated on payment_accounts (tenant_id, updated_at, id);
create index payment_intents_by_state on payment_intents (tenant_id, state, created_at, id);
create index payment_intents_due on payment_intents using btree (next_query_at) where next_query_at is not null;
create index payment_intents_newest on payment_intents (tenant_id, created_at, id);
create index payment_intents_of_location on payment_intents (tenant_id, location_id, created_at, id);
create index payment_intents_of_phone on payment_intents (tenant_id, phone, created_at) where phone is not null and state in ('created', 'sent', 'pending', 'unknown');
create index payment_intents_of_subject on payment_intents (tenant_id, subject_id, created_at, id);
create unique index payment_intents_provider_id on payment_intents (tenant_id, account_id, provider_id) where provider_id is not null;
create unique index payment_intents_receipt on payment_intents (tenant_id, provider, receipt_code) where receipt_code is not null;
create index payment_intents_waiting on payment_intents using btree (paid_at) where waits;
create index payment_refund_tasks_by_state on payment_refund_tasks (tenant_id, state, created_at, intent_id);
create index payment_refund_tasks_newest on payment_refund_tasks (tenant_id, created_at, intent_id);
create index payment_refunds_of_intent on payment_refunds (tenant_id, intent_id, created_at, id);
create index payment_refunds_open on payment_refunds using btree (updated_at) where state in ('pending', 'unknown');
create unique index payments_intent on payments (tenant_id, intent_id) where intent_id is not null;
create index payments_unverified on payments (tenant_id, recorded_at) where status = 'unverified';
create unique index plans_default on plans (is_default) where is_default;
create index provider_events_age on provider_events using btree (received_at);
create index provider_events_due on provider_events using btree (due_at) where due_at is not null;
create index provider_events_not_understood on provider_events (tenant_id, account_id, received_at) where outcome = 'not_understood';
create index provider_events_waiting on provider_events (tenant_id, account_id, attempt_ref) where processed_at is null;
create unique index subscription_credits_intent on subscription_credits (tenant_id, intent_id, reason) where reason = 'payment';
create unique index subscription_credits_invoice on subscription_credits (tenant_id, invoice_id) where invoice_id is not null;
create index subscription_credits_newest on subscription_credits (tenant_id, created_at, id);
create policy subscription_credits_reason_values on subscription_credits as restrictive for insert to {{app}}, {{app_system}} with check ((reason in ('payment', 'invoice', 'refund')) is not false or violate('subscription_credits_reason_values') is null);
create index subscription_invoices_newest on subscription_invoices (tenant_id, created_at, id);
create unique index subscription_invoices_open on subscription_invoices (tenant_id, subscription_id, reason) where state = 'open';
create unique index subscription_invoices_period on subscription_invoices (tenant_id, subscription_id, period_start, reason) where state <> 'void';
create index subscriptions_due on subscriptions using btree (tenant_id, period_end) where state not in ('suspended', 'cancelled');
create unique index subscriptions_live on subscriptions (tenant_id) where state <> 'cancelled';
create index subscriptions_newest on subscriptions (tenant_id, created_at, id);
alter table c2b_payments add constraint c2b_payments_account foreign key (tenant_id, account_id) references payment_accounts (tenant_id, id);
alter table payment_intents add constraint payment_intents_account foreign key (tenant_id, account_id) references payment_accounts (tenant_id, id);
alter table payment_intents add constraint payment_intents_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table payment_refund_tasks add constraint payment_refund_tasks_intent foreign key (tenant_id, intent_id) references payment_intents (tenant_id, id);
alter table payment_refunds add constraint payment_refunds_intent foreign key (tenant_id, intent_id) references payment_intents (tenant_id, id);
alter table provider_events add constraint provider_events_account foreign key (tenant_id, account_id) references payment_accounts (tenant_id, id);
alter table subscription_credits add constraint subscription_credits_intents foreign key (tenant_id, intent_id) references payment_intents (tenant_id, id);
alter table subscription_credits add constraint subscription_credits_invoices foreign key (tenant_id, invoice_id) references subscription_invoices (tenant_id, id);
alter table subscription_invoices add constraint subscription_invoices_intent foreign key (tenant_id, intent_id) references payment_intents (tenant_id, id);
alter table subscription_invoices add constraint subscription_invoices_subscription foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id);
alter table c2b_payments enable row level security;
alter table c2b_payments force row level security;
create policy tenant_isolation on c2b_payments to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on c2b_payments to {{app_system}} using (true) with check (true);
create policy owner_access on c2b_payments to current_user using (true) with check (true);
grant select, insert on c2b_payments to {{app}};
grant update (account_code, account_id, amount, currency, matched_at, matched_by, matched_id, matched_kind, paid_at, payer_hash, payer_name, proven, provider, receipt, received_at, reference, state, version) on c2b_payments to {{app}};
grant select, insert on c2b_payments to {{app_system}};
grant update (account_code, account_id, amount, currency, matched_at, matched_by, matched_id, matched_kind, paid_at, payer_hash, payer_name, proven, provider, receipt, received_at, reference, state, version) on c2b_payments to {{app_system}};
alter table payment_accounts enable row level security;
alter table payment_accounts force row level security;
create policy tenant_isolation on payment_accounts to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payment_accounts to {{app_system}} using (true) with check (true);
create policy owner_access on payment_accounts to current_user using (true) with check (true);
grant select, insert on payment_accounts to {{app}};
grant update (callback_token, callback_token_hash, callbacks_registered_at, created_at, created_by, credentials, deleted_at, enabled, former_token_hash, name, origin_device_id, owner, provider, pulled_until, refuses_unknown, shown, updated_at, version) on payment_accounts to {{app}};
grant select, insert on payment_accounts to {{app_system}};
grant update (callback_token, callback_token_hash, callbacks_registered_at, created_at, created_by, credentials, deleted_at, enabled, former_token_hash, name, origin_device_id, owner, provider, pulled_until, refuses_unknown, shown, updated_at, version) on payment_accounts to {{app_system}};
alter table payment_intents enable row level security;
alter table payment_intents force row level security;
create policy tenant_isolation on payment_intents to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payment_intents to {{app_system}} using (true) with check (true);
create policy owner_access on payment_intents to current_user using (true) with check (true);
grant select, insert on payment_intents to {{app}};
grant update (account_id, amount, client_request_id, concern, created_at, created_by, currency, description, expires_at, finished_at, location_id, next_query_at, paid_at, phone, provider, provider_id, purpose, queries, receipt_code, redirect_url, reference, refund_held, refunded, result_code, result_text, return_url, sealed_client_secret, second_id, sent_at, state, subject_id, updated_at, version, waits) on payment_intents to {{app}};
grant select, insert on payment_intents to {{app_system}};
grant update (account_id, amount, client_request_id, concern, created_at, created_by, currency, description, expires_at, finished_at, location_id, next_query_at, paid_at, phone, provider, provider_id, purpose, queries, receipt_code, redirect_url, reference, refund_held, refunded, result_code, result_text, return_url, sealed_client_secret, second_id, sent_at, state, subject_id, updated_at, version, waits) on payment_intents to {{app_system}};
alter table payment_refund_tasks enable row level security;
alter table payment_refund_tasks force row level security;
create policy tenant_isolation on payment_refund_tasks to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payment_refund_tasks to {{app_system}} using (true) with check (true);
create policy owner_access on payment_refund_tasks to current_user using (true) with check (true);
grant select, insert on payment_refund_tasks to {{app}};
grant update (amount, closed_at, closed_by, created_at, note, reason, state) on payment_refund_tasks to {{app}};
grant select, insert on payment_refund_tasks to {{app_system}};
grant update (amount, closed_at, closed_by, created_at, note, reason, state) on payment_refund_tasks to {{app_system}};
alter table payment_refunds enable row level security;
alter table payment_refunds force row level security;
create policy tenant_isolation on payment_refunds to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payment_refunds to {{app_system}} using (true) with check (true);
create policy owner_access on payment_refunds to current_user using (true) with check (true);
grant select, insert on payment_refunds to {{app}};
grant update (amount, by_hand, client_request_id, created_at, created_by, intent_id, provider_id, reason, result_code, result_text, state, updated_at) on payment_refunds to {{app}};
grant select, insert on payment_refunds to {{app_system}};
grant update (amount, by_hand, client_request_id, created_at, created_by, intent_id, provider_id, reason, result_code, result_text, state, updated_at) on payment_refunds to {{app_system}};
grant select, insert on plans to {{app_system}};
grant update (created_at, currency, is_default, is_offered, limits, name, period, price, trial_days, updated_at) on plans to {{app_system}};
alter table provider_events enable row level security;
alter table provider_events force row level security;
create policy tenant_isolation on provider_events to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on provider_events to {{app_system}} using (true) with check (true);
create policy owner_access on provider_events to current_user using (true) with check (true);
grant select, insert, update, delete on provider_events to {{app}};
grant select, insert, update, delete on provider_events to {{app_system}};
alter table subscription_credits enable row level security;
alter table subscription_credits force row level security;
create policy tenant_isolation on subscription_credits to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on subscription_credits to {{app_system}} using (true) with check (true);
create policy owner_access on subscription_credits to current_user using (true) with check (true);
grant select, insert on subscription_credits to {{app}};
grant select, insert on subscription_credits to {{app_system}};
alter table subscription_invoices enable row level security;
alter table subscription_invoices force row level security;
create policy tenant_isolation on subscription_invoices to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on subscription_invoices to {{app_system}} using (true) with check (true);
create policy owner_access on subscription_invoices to current_user using (true) with check (true);
grant select, insert on subscription_invoices to {{app}};
grant update (created_at, currency, due_on, intent_id, limits, notices, paid_at, period, period_end, period_start, plan_code, plan_name, price, reason, state, subscription_id, updated_at, version) on subscription_invoices to {{app}};
grant select, insert on subscription_invoices to {{app_system}};
grant update (created_at, currency, due_on, intent_id, limits, notices, paid_at, period, period_end, period_start, plan_code, plan_name, price, reason, state, subscription_id, updated_at, version) on subscription_invoices to {{app_system}};
alter table subscriptions enable row level security;
alter table subscriptions force row level security;
create policy tenant_isolation on subscriptions to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on subscriptions to {{app_system}} using (true) with check (true);
create policy owner_access on subscriptions to current_user using (true) with check (true);
grant select, insert on subscriptions to {{app}};
grant update (anchor_day, cancelled_at, cancels_at_end, created_at, currency, grace_until, limits, next_plan_code, period, period_end, period_start, phone, plan_code, plan_name, price, state, updated_at, version) on subscriptions to {{app}};
grant select, insert on subscriptions to {{app_system}};
grant update (anchor_day, cancelled_at, cancels_at_end, created_at, currency, grace_until, limits, next_plan_code, period, period_end, period_start, phone, plan_code, plan_name, price, state, updated_at, version) on subscriptions to {{app_system}};
