alter table idempotency_keys set (toast_tuple_target = 8160);
