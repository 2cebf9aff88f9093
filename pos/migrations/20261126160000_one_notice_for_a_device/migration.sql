create or replace function end_device_sessions(device uuid, moment timestamptz) returns void
language plpgsql security definer set search_path = public as $$
declare
  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
begin
  update sessions set revoked_at = moment, revoke_reason = 'device_revoked'
  where tenant_id = tenant and device_id = device and revoked_at is null;
  if found then
    perform pg_notify('auth_changes', 'tenant:' || tenant);
  end if;
end $$;
grant create on schema public to {{app_system}};
alter function end_device_sessions(uuid, timestamptz) owner to {{app_system}};
revoke create on schema public from {{app_system}};
