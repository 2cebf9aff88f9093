import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_CONNECTIONS ?? 10),
  idleTimeoutMillis: 0, // kept while others are measured: a new connection has its plans to make
});

export const db = drizzle(pool);
