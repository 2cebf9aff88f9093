-- Breaks: invites_channel_values of invites takes 'app': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: message_accounts_channel_values of message_accounts takes 'app': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: notifications_channel_values of notifications takes 'app': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: report_runs_format_values of report_runs takes 'csv-bom': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: the key stock_levels_id of stock_levels is new or changed: a second row with it is refused to the release before, which does not know the error. First release the code that writes none
-- Mind: invites_channel_values is checked against every row of invites, which is locked meanwhile
-- Mind: message_accounts_channel_values is checked against every row of message_accounts, which is locked meanwhile
-- Mind: notifications_channel_values is checked against every row of notifications, which is locked meanwhile
-- Mind: index notifications_of_user blocks writes to notifications while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently
-- Mind: report_runs_format_values is checked against every row of report_runs, which is locked meanwhile
-- Mind: stock_levels_id is checked against every row of stock_levels, which is locked meanwhile

alter table invites drop constraint invites_channel_values;
alter table message_accounts drop constraint message_accounts_channel_values;
alter table notifications drop constraint notifications_channel_values;
alter table report_runs drop constraint report_runs_format_values;
drop index stock_levels_id;
create table device_heartbeats (
    tenant_id uuid not null,
    device_id uuid not null,
    pending integer not null,
    oldest_pending_at timestamptz,
    last_device_seq bigint not null,
    missing integer not null,
    storage_free_mb bigint,
    app_version text,
    clock_skew_ms bigint,
    seen_at timestamptz not null,
    constraint device_heartbeats_pkey primary key (tenant_id, device_id)
);
create index device_heartbeats_seen on device_heartbeats (tenant_id, seen_at, device_id);
alter table invites add constraint invites_channel_values check (channel in ('email', 'sms', 'whatsapp', 'app'));
alter table message_accounts add constraint message_accounts_channel_values check (channel in ('email', 'sms', 'whatsapp', 'app'));
alter table notifications add constraint notifications_channel_values check (channel in ('email', 'sms', 'whatsapp', 'app'));
create index notifications_of_user on notifications (tenant_id, user_id, channel, created_at, id) where user_id is not null;
alter table report_runs add constraint report_runs_format_values check (format in ('csv', 'csv-bom'));
alter table stock_levels add constraint stock_levels_id unique (tenant_id, id);
alter table device_heartbeats add constraint device_heartbeats_device foreign key (tenant_id, device_id) references devices (tenant_id, id);
alter table device_heartbeats enable row level security;
alter table device_heartbeats force row level security;
create policy tenant_isolation on device_heartbeats to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on device_heartbeats to {{app_system}} using (true) with check (true);
create policy owner_access on device_heartbeats to current_user using (true) with check (true);
grant select, insert, update, delete on device_heartbeats to {{app}};
grant select, insert, update, delete on device_heartbeats to {{app_system}};
