-- Breaks: the check users_locale_values of users is new or changed: rows of the release before that fail it are refused. First release the code that writes none
-- Mind: users_locale_values is checked against every row of users, which is locked meanwhile

create table account_tokens (
    id uuid not null,
    kind text not null,
    user_id uuid not null,
    email text not null,
    new_email text,
    change_id uuid,
    token_hash bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    used_by text,
    revoked_at timestamptz,
    constraint account_tokens_hash unique (token_hash),
    constraint account_tokens_kind_values check (kind in ('email_change_new', 'email_change_old', 'email_verify', 'password_reset')),
    constraint account_tokens_pkey primary key (id)
);
create table audit_events (
    tenant_id uuid not null,
    id uuid not null,
    at timestamptz not null,
    action text not null,
    actor_id uuid,
    subject_id uuid,
    address text not null,
    detail jsonb not null,
    constraint audit_events_pkey primary key (tenant_id, id)
);
create table invites (
    tenant_id uuid not null,
    id uuid not null,
    email text not null,
    role_id uuid not null,
    location_id uuid,
    locale text not null,
    token_hash bytea not null,
    used_by text,
    created_by uuid,
    created_at timestamptz not null,
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid,
    revoked_at timestamptz,
    constraint invites_locale_values check (locale in ('en', 'sw')),
    constraint invites_pkey primary key (tenant_id, id)
);
create table mail_suppressions (
    scope uuid not null,
    list text not null,
    address text not null,
    reason text not null,
    detail text,
    created_at timestamptz not null,
    constraint mail_suppressions_list_values check (list in ('all', 'invites', 'receipts', 'daily_summary', 'low_stock')),
    constraint mail_suppressions_pkey primary key (scope, list, address),
    constraint mail_suppressions_reason_values check (reason in ('bounce', 'complaint', 'unsubscribe'))
);
create table notification_preferences (
    tenant_id uuid not null,
    user_id uuid not null,
    daily_summary boolean not null,
    low_stock boolean not null,
    constraint notification_preferences_pkey primary key (tenant_id, user_id)
);
create table notifications (
    tenant_id uuid not null,
    id uuid not null,
    idempotency_key text not null,
    channel text not null,
    kind text not null,
    locale text not null,
    recipient text not null,
    user_id uuid,
    state text not null,
    failure text,
    failure_detail text,
    provider text,
    provider_id text,
    message_id text not null,
    attempts integer not null,
    unknown_outcomes integer not null,
    claim integer not null,
    leased_until timestamptz,
    has_begun boolean not null,
    given jsonb not null,
    secret bytea,
    created_at timestamptz not null,
    expires_at timestamptz,
    sent_at timestamptz,
    finished_at timestamptz,
    constraint notifications_channel_values check (channel in ('email')),
    constraint notifications_failure_values check (failure in ('address_bounced', 'complaint', 'dropped', 'expired', 'not_taken_in_time', 'outcome_unknown', 'refused_message', 'refused_recipient', 'refused_sender', 'suppressed')),
    constraint notifications_kind_values check (kind in ('daily_summary', 'email_change_new', 'email_change_old', 'email_changed', 'email_verify', 'invite', 'login_limit', 'low_stock', 'new_login', 'password_changed', 'password_reset', 'receipt')),
    constraint notifications_locale_values check (locale in ('en', 'sw')),
    constraint notifications_once unique (tenant_id, idempotency_key),
    constraint notifications_pkey primary key (tenant_id, id),
    constraint notifications_state_values check (state in ('queued', 'sent', 'delivered', 'failed', 'bounced'))
);
create table used_webhooks (
    token text not null,
    body_hash bytea not null,
    used_at timestamptz not null,
    constraint used_webhooks_pkey primary key (token)
);
alter table users add column email_verified_at timestamptz;
alter table users add column locale text not null default 'en';
create index account_tokens_age on account_tokens (expires_at);
create index account_tokens_of_user on account_tokens (user_id, created_at);
create index audit_events_newest on audit_events (tenant_id, at, id);
create index audit_events_actor on audit_events (tenant_id, actor_id, at, id);
create index audit_events_subject on audit_events (tenant_id, subject_id, at, id);
create index invites_by_token on invites using btree (token_hash);
create index invites_newest on invites (tenant_id, created_at, id);
create unique index invites_open on invites (tenant_id, email) where accepted_at is null and revoked_at is null;
create index mail_suppressions_of_address on mail_suppressions (address);
create index notifications_age on notifications using btree (created_at);
create index notifications_by_id on notifications using btree (id);
create index notifications_by_state on notifications (tenant_id, state, created_at, id);
create index notifications_newest on notifications (tenant_id, created_at, id);
create index used_webhooks_age on used_webhooks (used_at);
alter table users add constraint users_locale_values check (locale in ('en', 'sw'));
alter table account_tokens add constraint account_tokens_user foreign key (user_id) references users (id);
alter table invites add constraint invites_location foreign key (tenant_id, location_id) references locations (tenant_id, id);
alter table invites add constraint invites_role foreign key (tenant_id, role_id) references roles (tenant_id, id);
alter table notification_preferences add constraint notification_preferences_user foreign key (user_id) references users (id);
grant select, insert, update, delete on account_tokens to {{app_system}};
alter table audit_events enable row level security;
alter table audit_events force row level security;
create policy tenant_isolation on audit_events to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on audit_events to {{app_system}} using (true) with check (true);
create policy owner_access on audit_events to current_user using (true) with check (true);
grant select, insert on audit_events to {{app}};
grant select, insert on audit_events to {{app_system}};
alter table invites enable row level security;
alter table invites force row level security;
create policy tenant_isolation on invites to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on invites to {{app_system}} using (true) with check (true);
create policy owner_access on invites to current_user using (true) with check (true);
grant select, insert, update, delete on invites to {{app}};
grant select, insert, update, delete on invites to {{app_system}};
grant select, insert, update, delete on mail_suppressions to {{app_system}};
alter table notification_preferences enable row level security;
alter table notification_preferences force row level security;
create policy tenant_isolation on notification_preferences to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on notification_preferences to {{app_system}} using (true) with check (true);
create policy owner_access on notification_preferences to current_user using (true) with check (true);
grant select, insert, update, delete on notification_preferences to {{app}};
grant select, insert, update, delete on notification_preferences to {{app_system}};
alter table notifications enable row level security;
alter table notifications force row level security;
create policy tenant_isolation on notifications to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on notifications to {{app_system}} using (true) with check (true);
create policy owner_access on notifications to current_user using (true) with check (true);
grant select, insert, update, delete on notifications to {{app}};
grant select, insert, update, delete on notifications to {{app_system}};
grant select, insert, update, delete on used_webhooks to {{app_system}};
