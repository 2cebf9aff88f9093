-- Breaks: invites.email may be null: the release before cannot read a row where it is. First release the code that reads null, then the code that writes it
-- Breaks: the check invites_channel_values of invites is new or changed: rows of the release before that fail it are refused. First release the code that writes none
-- Breaks: the key invites_open_phone of invites is new or changed: a second row with it is refused to the release before, which does not know the error. First release the code that writes none
-- Breaks: the check invites_recipient of invites is new or changed: rows of the release before that fail it are refused. First release the code that writes none
-- Breaks: notifications_channel_values of notifications takes 'sms', 'whatsapp': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: notifications_failure_values of notifications takes 'opted_out', 'undelivered': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: the check notifications_form_values of notifications is new or changed: rows of the release before that fail it are refused. First release the code that writes none
-- Breaks: notifications_kind_values of notifications takes 'phone_code', 'second_factor': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: notifications_state_values of notifications takes 'read', 'unknown': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Mind: invites_channel_values is checked against every row of invites, which is locked meanwhile
-- Mind: index invites_open_phone blocks writes to invites while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: invites_recipient is checked against every row of invites, which is locked meanwhile
-- Mind: index notifications_by_provider_id blocks writes to notifications while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: notifications_channel_values is checked against every row of notifications, which is locked meanwhile
-- Mind: notifications_failure_values is checked against every row of notifications, which is locked meanwhile
-- Mind: notifications_form_values is checked against every row of notifications, which is locked meanwhile
-- Mind: notifications_kind_values is checked against every row of notifications, which is locked meanwhile
-- Mind: notifications_state_values is checked against every row of notifications, which is locked meanwhile

alter table notifications drop constraint notifications_channel_values;
alter table notifications drop constraint notifications_failure_values;
alter table notifications drop constraint notifications_kind_values;
alter table notifications drop constraint notifications_state_values;
create table code_attempts (
    id uuid not null,
    user_id uuid not null,
    kind text not null,
    at timestamptz not null,
    constraint code_attempts_kind_values check (kind in ('phone_code_sent', 'phone_guess', 'totp_guess')),
    constraint code_attempts_pkey primary key (id)
);
create table message_accounts (
    tenant_id uuid not null,
    channel text not null,
    id uuid not null,
    provider text not null,
    shown text not null,
    credentials bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint message_accounts_channel_values check (channel in ('email', 'sms', 'whatsapp')),
    constraint message_accounts_pkey primary key (tenant_id, channel)
);
create table message_counts (
    subject text not null,
    day date not null,
    messages integer not null,
    constraint message_counts_number check (messages > 0),
    constraint message_counts_pkey primary key (subject, day),
    constraint message_counts_source check (messages >= 1)
);
create table message_limits (
    tenant_id uuid not null,
    daily_limit bigint not null,
    constraint message_limits_pkey primary key (tenant_id),
    constraint message_limits_size check (daily_limit >= 0)
);
create table message_spending (
    tenant_id uuid not null,
    day date not null,
    messages bigint not null,
    spent_millionths bigint not null,
    constraint message_spending_limit check (spent_millionths >= 0),
    constraint message_spending_pkey primary key (tenant_id, day)
);
create table parked_reports (
    provider text not null,
    provider_id text not null,
    delivery text not null,
    recipient text,
    report jsonb not null,
    scope uuid not null,
    received_at timestamptz not null,
    constraint parked_reports_pkey primary key (provider, provider_id, delivery)
);
create table payout_balances (
    tenant_id uuid not null,
    account_id uuid not null,
    purses jsonb not null,
    asked_at timestamptz,
    told_at timestamptz,
    constraint payout_balances_pkey primary key (tenant_id, account_id)
);
create table payout_results (
    tenant_id uuid not null,
    id uuid not null,
    payout_id uuid not null,
    kind text not null,
    body bytea not null,
    trusted boolean not null,
    outcome text not null,
    received_at timestamptz not null,
    constraint payout_results_pkey primary key (tenant_id, id)
);
create table payouts (
    tenant_id uuid not null,
    id uuid not null,
    client_request_id uuid not null,
    kind text not null,
    account_id uuid not null,
    provider text not null,
    amount bigint not null,
    currency text not null,
    phone text,
    recipient_name text,
    purpose text not null,
    reason text not null,
    intent_id uuid,
    refund_id uuid,
    state text not null,
    conversation_id text,
    receipt_code text,
    recipient text,
    result_code text,
    result_text text,
    concern text,
    may_be_there boolean not null,
    sends integer not null,
    next_look_at timestamptz,
    sent_at timestamptz,
    paid_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    created_by uuid,
    version integer not null,
    constraint payouts_amount check (amount > 0),
    constraint payouts_concern_values check (concern in ('amount_differs', 'failed_after_paid', 'paid_after_failed', 'receipt_differs', 'refund_unfit')),
    constraint payouts_kind_values check (kind in ('payout', 'reversal')),
    constraint payouts_pkey primary key (tenant_id, id),
    constraint payouts_purpose_values check (purpose in ('business', 'salary', 'promotion')),
    constraint payouts_recipient check ((kind = 'payout') = (phone is not null) and (kind = 'reversal') = (intent_id is not null)),
    constraint payouts_request unique (tenant_id, client_request_id),
    constraint payouts_state_values check (state in ('created', 'sent', 'pending', 'succeeded', 'failed', 'unknown'))
);
create table phone_verifications (
    user_id uuid not null,
    phone text not null,
    code_id uuid not null,
    created_at timestamptz not null,
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint phone_verifications_pkey primary key (user_id)
);
create table phone_wishes (
    scope uuid not null,
    phone text not null,
    is_opted_out boolean not null,
    at timestamptz not null,
    constraint phone_wishes_pkey primary key (scope, phone)
);
create table recovery_codes (
    id uuid not null,
    user_id uuid not null,
    code_hash bytea not null,
    created_at timestamptz not null,
    used_at timestamptz,
    constraint recovery_codes_once unique (user_id, code_hash),
    constraint recovery_codes_pkey primary key (id)
);
create table second_factor_rules (
    tenant_id uuid not null,
    id uuid not null,
    role_id uuid,
    constraint second_factor_rules_pkey primary key (tenant_id, id)
);
create table second_factors (
    user_id uuid not null,
    secret bytea not null,
    last_step bigint not null,
    created_at timestamptz not null,
    confirmed_at timestamptz,
    constraint second_factors_pkey primary key (user_id)
);
create table whatsapp_windows (
    scope uuid not null,
    phone text not null,
    written_at timestamptz not null,
    constraint whatsapp_windows_pkey primary key (scope, phone)
);
alter table invites alter column email drop not null;
alter table invites add column phone text;
alter table invites add column channel text not null default 'email';
alter table notifications add column follows uuid;
alter table notifications add column form text;
alter table notifications add column parts integer;
alter table notifications add column cost_millionths bigint;
alter table payment_refunds add column told_at timestamptz;
alter table sessions add column second_factor_at timestamptz;
alter table users add column phone_verified_at timestamptz;
alter table users add column second_factor_since timestamptz;
create index code_attempts_age on code_attempts (at);
create index code_attempts_newest on code_attempts (user_id, kind, at);
alter table invites add constraint invites_channel_values check (channel in ('email', 'sms', 'whatsapp'));
create unique index invites_open_phone on invites (tenant_id, phone) where accepted_at is null and revoked_at is null;
alter table invites add constraint invites_recipient check ((email is null) <> (phone is null));
create index message_accounts_by_id on message_accounts using btree (id);
create index message_counts_age on message_counts (day);
create index notifications_by_provider_id on notifications using btree (provider_id) where provider_id is not null;
alter table notifications add constraint notifications_channel_values check (channel in ('email', 'sms', 'whatsapp'));
alter table notifications add constraint notifications_failure_values check (failure in ('address_bounced', 'complaint', 'dropped', 'expired', 'not_taken_in_time', 'outcome_unknown', 'refused_message', 'refused_recipient', 'refused_sender', 'suppressed', 'opted_out', 'undelivered'));
alter table notifications add constraint notifications_form_values check (form in ('text', 'template'));
alter table notifications add constraint notifications_kind_values check (kind in ('daily_summary', 'email_change_new', 'email_change_old', 'email_changed', 'email_verify', 'failed_jobs', 'invite', 'login_limit', 'low_stock', 'new_login', 'password_changed', 'password_reset', 'phone_code', 'receipt', 'second_factor', 'subscription'));
alter table notifications add constraint notifications_state_values check (state in ('queued', 'sent', 'delivered', 'failed', 'bounced', 'read', 'unknown'));
create index parked_reports_age on parked_reports (received_at);
create index payout_results_age on payout_results using btree (received_at);
create index payout_results_of_payout on payout_results (tenant_id, payout_id, received_at, id);
create index payouts_by_state on payouts (tenant_id, state, created_at, id);
create index payouts_due on payouts using btree (next_look_at) where next_look_at is not null;
create index payouts_newest on payouts (tenant_id, created_at, id);
create index payouts_of_intent on payouts (tenant_id, intent_id) where intent_id is not null;
create index payouts_open_of_phone on payouts (tenant_id, phone, created_at) where phone is not null and state in ('created', 'sent', 'pending', 'unknown');
create index phone_verifications_age on phone_verifications (expires_at);
create index second_factor_rules_of_role on second_factor_rules (tenant_id, role_id);
create index whatsapp_windows_age on whatsapp_windows (written_at);
alter table code_attempts add constraint code_attempts_user foreign key (user_id) references users (id);
alter table payout_balances add constraint payout_balances_account foreign key (tenant_id, account_id) references payment_accounts (tenant_id, id);
alter table payout_results add constraint payout_results_payout foreign key (tenant_id, payout_id) references payouts (tenant_id, id);
alter table payouts add constraint payouts_account foreign key (tenant_id, account_id) references payment_accounts (tenant_id, id);
alter table payouts add constraint payouts_intent foreign key (tenant_id, intent_id) references payment_intents (tenant_id, id);
alter table payouts add constraint payouts_refund foreign key (tenant_id, refund_id) references payment_refunds (tenant_id, id);
alter table phone_verifications add constraint phone_verifications_user foreign key (user_id) references users (id);
alter table recovery_codes add constraint recovery_codes_user foreign key (user_id) references users (id);
alter table second_factor_rules add constraint second_factor_rules_role foreign key (tenant_id, role_id) references roles (tenant_id, id);
alter table second_factors add constraint second_factors_user foreign key (user_id) references users (id);
grant select, insert, update, delete on code_attempts to {{app_system}};
alter table message_accounts enable row level security;
alter table message_accounts force row level security;
create policy tenant_isolation on message_accounts to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on message_accounts to {{app_system}} using (true) with check (true);
create policy owner_access on message_accounts to current_user using (true) with check (true);
grant select, insert, update, delete on message_accounts to {{app}};
grant select, insert, update, delete on message_accounts to {{app_system}};
grant select, insert, update, delete on message_counts to {{app_system}};
alter table message_limits enable row level security;
alter table message_limits force row level security;
create policy tenant_isolation on message_limits to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on message_limits to {{app_system}} using (true) with check (true);
create policy owner_access on message_limits to current_user using (true) with check (true);
grant select, insert, update, delete on message_limits to {{app}};
grant select, insert, update, delete on message_limits to {{app_system}};
alter table message_spending enable row level security;
alter table message_spending force row level security;
create policy tenant_isolation on message_spending to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on message_spending to {{app_system}} using (true) with check (true);
create policy owner_access on message_spending to current_user using (true) with check (true);
grant select, insert, update, delete on message_spending to {{app}};
grant select, insert, update, delete on message_spending to {{app_system}};
grant select, insert, update, delete on parked_reports to {{app_system}};
revoke all on payment_refunds from {{app}}, {{app_system}};
grant select, insert on payment_refunds to {{app}};
grant update (amount, by_hand, client_request_id, created_at, created_by, intent_id, provider_id, reason, result_code, result_text, state, told_at, updated_at) on payment_refunds to {{app}};
grant select, insert on payment_refunds to {{app_system}};
grant update (amount, by_hand, client_request_id, created_at, created_by, intent_id, provider_id, reason, result_code, result_text, state, told_at, updated_at) on payment_refunds to {{app_system}};
alter table payout_balances enable row level security;
alter table payout_balances force row level security;
create policy tenant_isolation on payout_balances to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payout_balances to {{app_system}} using (true) with check (true);
create policy owner_access on payout_balances to current_user using (true) with check (true);
grant select, insert on payout_balances to {{app}};
grant update (asked_at, purses, told_at) on payout_balances to {{app}};
grant select, insert on payout_balances to {{app_system}};
grant update (asked_at, purses, told_at) on payout_balances to {{app_system}};
alter table payout_results enable row level security;
alter table payout_results force row level security;
create policy tenant_isolation on payout_results to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payout_results to {{app_system}} using (true) with check (true);
create policy owner_access on payout_results to current_user using (true) with check (true);
grant select, insert, update, delete on payout_results to {{app}};
grant select, insert, update, delete on payout_results to {{app_system}};
alter table payouts enable row level security;
alter table payouts force row level security;
create policy tenant_isolation on payouts to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on payouts to {{app_system}} using (true) with check (true);
create policy owner_access on payouts to current_user using (true) with check (true);
grant select, insert on payouts to {{app}};
grant update (account_id, amount, client_request_id, concern, conversation_id, created_at, created_by, currency, finished_at, intent_id, kind, may_be_there, next_look_at, paid_at, phone, provider, purpose, reason, receipt_code, recipient, recipient_name, refund_id, result_code, result_text, sends, sent_at, state, updated_at, version) on payouts to {{app}};
grant select, insert on payouts to {{app_system}};
grant update (account_id, amount, client_request_id, concern, conversation_id, created_at, created_by, currency, finished_at, intent_id, kind, may_be_there, next_look_at, paid_at, phone, provider, purpose, reason, receipt_code, recipient, recipient_name, refund_id, result_code, result_text, sends, sent_at, state, updated_at, version) on payouts to {{app_system}};
grant select, insert, update, delete on phone_verifications to {{app_system}};
grant select, insert, update, delete on phone_wishes to {{app_system}};
grant select, insert, update, delete on recovery_codes to {{app_system}};
alter table second_factor_rules enable row level security;
alter table second_factor_rules force row level security;
create policy tenant_isolation on second_factor_rules to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on second_factor_rules to {{app_system}} using (true) with check (true);
create policy owner_access on second_factor_rules to current_user using (true) with check (true);
grant select, insert, update, delete on second_factor_rules to {{app}};
grant select, insert, update, delete on second_factor_rules to {{app_system}};
grant select, insert, update, delete on second_factors to {{app_system}};
grant select, insert, update, delete on whatsapp_windows to {{app_system}};
create or replace function charge_message(message uuid, price bigint, subjects text[], most integer[],
                                          service_limit bigint) returns void
language plpgsql security definer set search_path = public as $$
declare
  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  today date;
  own_limit bigint;
  counted integer;
  spent bigint;
begin
  select (created_at at time zone 'UTC')::date into today from notifications
    where tenant_id = tenant and id = message;
  if today is null then return; end if;
  for i in 1 .. coalesce(array_length(subjects, 1), 0) loop
    insert into message_counts as c (subject, day, messages) values (subjects[i], today, 1)
      on conflict (subject, day) do update set messages = c.messages + 1 returning c.messages into counted;
    if counted > most[i] then
      perform violate(case when subjects[i] like 'number %' then 'message_counts_number'
                           else 'message_counts_source' end);
    end if;
  end loop;
  select daily_limit * 10000 into own_limit from message_limits where tenant_id = tenant;
  insert into message_spending as s (tenant_id, day, messages, spent_millionths) values (tenant, today, 1, price)
    on conflict (tenant_id, day) do update set messages = s.messages + 1,
      spent_millionths = s.spent_millionths + price returning s.spent_millionths into spent;
  if spent > least(service_limit, coalesce(own_limit, service_limit)) then
    perform violate('message_spending_limit');
  end if;
end $$;
grant create on schema public to {{app_system}};
alter function charge_message(uuid, bigint, text[], integer[], bigint) owner to {{app_system}};
revoke create on schema public from {{app_system}};
