-- By hand: rows that the table would refuse are parked, as the relay would do with them.
update outbox_jobs set failure = 'jobs.unsendable: written before the table refused it'
where not (failure is not null or (queue <> '' and strpos(queue, ':') = 0 and name <> '' and jsonb_typeof(options) = 'object' and isfinite(created_at)));
alter table outbox_jobs add constraint outbox_jobs_sendable check (failure is not null or (queue <> '' and strpos(queue, ':') = 0 and name <> '' and jsonb_typeof(options) = 'object' and isfinite(created_at)));
