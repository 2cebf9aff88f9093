-- Mind: index sessions_that_live blocks writes to sessions while it is built; for a big table make it by hand: db generate --empty, '-- no-transaction' as the first line, create index concurrently

create index sessions_that_live on sessions (user_id, last_seen_at) where revoked_at is null;
