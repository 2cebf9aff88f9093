-- Breaks: the check webhook_queues_room of webhook_queues is new or changed: rows of the release before that fail it are refused. First release the code that writes none
-- Mind: webhook_queues_room is checked against every row of webhook_queues, which is locked meanwhile

create table file_place_marks (
    name text not null,
    mark text not null,
    next_mark text not null,
    updated_at timestamptz not null,
    constraint file_place_marks_pkey primary key (name)
);
alter table webhook_deliveries add column is_thin boolean not null default false;
alter table webhook_queues add column is_fast boolean not null default false;
alter table webhook_queues add column has_fast_turn boolean not null default false;
alter table webhook_queues add column waiting_since timestamptz;
alter table webhook_queues add constraint webhook_queues_room check (pending >= 0);
grant select, insert, update, delete on file_place_marks to {{app_system}};
revoke all on webhook_queues from {{app}}, {{app_system}};
grant select, insert on webhook_queues to {{app}};
grant update (claim, failing_since, has_fast_turn, is_fast, leased_until, missed, missed_since, next_due_at, pending, waiting_since, wake_at) on webhook_queues to {{app}};
grant select, insert on webhook_queues to {{app_system}};
grant update (claim, failing_since, has_fast_turn, is_fast, leased_until, missed, missed_since, next_due_at, pending, waiting_since, wake_at) on webhook_queues to {{app_system}};
