-- Breaks: mail_suppressions_list_values of mail_suppressions takes 'failed_jobs': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Breaks: notifications_kind_values of notifications takes 'failed_jobs': the release before cannot read a row that has it. First release the code that knows it, then the code that writes it
-- Mind: mail_suppressions_list_values is checked against every row of mail_suppressions, which is locked meanwhile
-- Mind: notifications_kind_values is checked against every row of notifications, which is locked meanwhile

alter table mail_suppressions drop constraint mail_suppressions_list_values;
alter table notifications drop constraint notifications_kind_values;
create table failed_jobs (
    tenant_id uuid not null,
    id uuid not null,
    work text not null,
    failed_at timestamptz not null,
    constraint failed_jobs_pkey primary key (tenant_id, id),
    constraint failed_jobs_work_values check (work in ('message', 'sales_report'))
);
alter table notification_preferences add column failed_jobs boolean not null default false;
create index failed_jobs_age on failed_jobs using btree (failed_at);
create index failed_jobs_newest on failed_jobs (tenant_id, failed_at);
alter table mail_suppressions add constraint mail_suppressions_list_values check (list in ('all', 'invites', 'receipts', 'daily_summary', 'low_stock', 'failed_jobs'));
alter table notifications add constraint notifications_kind_values check (kind in ('daily_summary', 'email_change_new', 'email_change_old', 'email_changed', 'email_verify', 'failed_jobs', 'invite', 'login_limit', 'low_stock', 'new_login', 'password_changed', 'password_reset', 'receipt'));
alter table failed_jobs enable row level security;
alter table failed_jobs force row level security;
create policy tenant_isolation on failed_jobs to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy system_access on failed_jobs to {{app_system}} using (true) with check (true);
create policy owner_access on failed_jobs to current_user using (true) with check (true);
grant select, insert, update, delete on failed_jobs to {{app}};
grant select, insert, update, delete on failed_jobs to {{app_system}};
