-- By hand: rows that the table would refuse are parked, as the relay would do with them.
update outbox_jobs set failure = 'jobs.unsendable: written before the table refused it'
where not (failure is not null or (queue <> '' and strpos(queue, ':') = 0 and name <> '' and jsonb_typeof(options) = 'object' and isfinite(created_at) and pg_column_size(data) + pg_column_size(options) <= 8388608));
alter table outbox_jobs add constraint outbox_jobs_sendable check (failure is not null or (queue <> '' and strpos(queue, ':') = 0 and name <> '' and jsonb_typeof(options) = 'object' and isfinite(created_at) and pg_column_size(data) + pg_column_size(options) <= 8388608));
drop index outbox_jobs_position;
create index outbox_jobs_parked on outbox_jobs using btree (position) where failure is not null;
create index outbox_jobs_position on outbox_jobs using btree (position) where failure is null;
