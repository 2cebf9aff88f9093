-- Payments by phone of the days before, bench.payments of each account: statements are planned once a connection, and would be planned for
-- tables that are empty.
create temporary table paid as
  select a.tenant_id, a.id as account_id, l.id as location_id, h, gen_random_uuid() as intent_id, now() - interval '1 day' - h * interval '5 minutes' as at,
         'ws_CO_history' || row_number() over () as checkout_id, 'H' || row_number() over () as receipt, '2541' || lpad(h::text, 8, '0') as phone
  from payment_accounts a join locations l on l.tenant_id = a.tenant_id, generate_series(1, current_setting('bench.payments')::integer) as h;

insert into payment_intents (tenant_id, id, client_request_id, account_id, provider, purpose, subject_id, location_id, amount, currency, phone, reference,
    description, state, provider_id, second_id, receipt_code, result_code, result_text, refunded, refund_held, queries, waits, expires_at, sent_at, paid_at,
    finished_at, created_at, updated_at, version)
  select tenant_id, intent_id, intent_id, account_id, 'mpesa', 'sale', gen_random_uuid(), location_id, 25000, 'KES', phone, left(intent_id::text, 8),
         '', 'succeeded', checkout_id, '29115-' || h, receipt, '0', 'The service request is processed successfully.', 0, 0, 0, false, at + interval '90 seconds', at, at,
         at, at, at, 4
  from paid;
insert into provider_events (tenant_id, id, account_id, provider, kind, dedupe_key, body, headers, trusted, attempt_ref, received_at, intent_id, processed_at,
    outcome, deliveries)
  select tenant_id, gen_random_uuid(), account_id, 'mpesa', 'stk', 'stk:' || encode(sha256(checkout_id::bytea), 'hex'),
         convert_to(rpad(checkout_id, 430, ' '), 'UTF8'), '{"fields":[]}', true, checkout_id, at, intent_id, at, 'applied', 1
  from paid;
