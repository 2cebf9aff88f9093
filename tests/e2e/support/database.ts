// A scratch database with roles of its own, on the server of TEST_POSTGRES_URL.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { environment } from './environment.js';

export interface ScratchDatabase {
  name: string;
  // The superuser's: migrations, and looking behind the service's back.
  ownerUrl: string;
  // The service's role, which row level security binds.
  appUrl: string;
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

export async function scratchDatabase(): Promise<ScratchDatabase> {
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  await asSuperuser(`create database ${name} template template0`);
  const ownerUrl = withParts(environment.postgresUrl, { database: name });
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 4 });
  // A test that stops PostgreSQL breaks idle connections; that is no failure of the test.
  pool.on('error', () => {});
  return {
    name,
    ownerUrl,
    appUrl: withParts(ownerUrl, { user: 'app' }),
    async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) {
      return (await pool.query<Row>(sql, values)).rows;
    },
    async drop() {
      await pool.end();
      await asSuperuser(`drop database if exists ${name} with (force)`);
    },
  };
}

async function asSuperuser(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: environment.postgresUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function withParts(url: string, parts: { database?: string; user?: string }): string {
  const changed = new URL(url);
  if (parts.database) changed.pathname = `/${parts.database}`;
  if (parts.user) changed.username = parts.user;
  return changed.toString();
}
