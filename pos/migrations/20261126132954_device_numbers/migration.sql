-- Mind: memberships_current is checked against every row of memberships, which is locked meanwhile

alter table tenant_counters add column device_number integer not null default 0;
alter table memberships add constraint memberships_current check (version > 0);
create or replace function require_current_caller(session uuid, member_version integer) returns void
language plpgsql security definer set search_path = public as $$
begin
  if not (select pg_try_advisory_xact_lock_shared(hashtextextended(user_id::text, 1)) from sessions
    where id = session) then
    perform violate('memberships_current');
  end if;
  perform from sessions s join users u on u.id = s.user_id and u.disabled_at is null
  join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.status = 'active'
    and m.deleted_at is null and m.version = member_version
  where s.id = session and s.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
    and s.revoked_at is null for share of s, u, m;
  if not found then
    perform violate('memberships_current');
  end if;
end $$;
grant create on schema public to {{app_system}};
alter function require_current_caller(uuid, integer) owner to {{app_system}};
revoke create on schema public from {{app_system}};
