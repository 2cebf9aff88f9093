-- Mind: index uploads_whole blocks writes to uploads while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently

alter table notifications add column counted text;
create index uploads_whole on uploads using btree (updated_at) where state = 'open' and kind = 'tus' and received = bytes;
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
  if array_length(subjects, 1) > 0 then
    update notifications set counted = subjects[1] where tenant_id = tenant and id = message;
  end if;
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
create or replace function uncount_message(message uuid) returns void
language plpgsql security definer set search_path = public as $$
declare
  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  was text;
  then_day date;
begin
  select counted, (created_at at time zone 'UTC')::date into was, then_day from notifications
    where tenant_id = tenant and id = message and counted is not null and counted not like '% of %'
    for no key update;
  if was is null then return; end if;
  update notifications set counted = null where tenant_id = tenant and id = message;
  delete from message_counts where subject = was and day = then_day and messages <= 1;
  if not found then
    update message_counts set messages = messages - 1 where subject = was and day = then_day and messages > 1;
  end if;
end $$;
grant create on schema public to {{app_system}};
alter function uncount_message(uuid) owner to {{app_system}};
revoke create on schema public from {{app_system}};
