// A scratch database on the server of TEST_POSTGRES_URL, or on another.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { environment } from './environment.js';

export interface ScratchDatabase {
  name: string;
  // The superuser's: migrations, and looking behind the service's back.
  ownerUrl: string;
  // The service's role, which row level security binds.
  appUrl: string;
  // What the service is before it knows a tenant.
  systemUrl: string;
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  // As one of the service's roles, or as the superuser.
  connectAs(role: 'app' | 'app_system' | 'superuser'): Promise<pg.Client>;
  drop(): Promise<void>;
}

export async function scratchDatabase(serverUrl = environment.postgresUrl): Promise<ScratchDatabase> {
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  await asSuperuser(serverUrl, `create database ${name} template template0`);
  const ownerUrl = withParts(serverUrl, { database: name });
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 4 });
  // A test that stops PostgreSQL breaks idle connections; that is no failure of the test.
  pool.on('error', () => {});
  return {
    name,
    ownerUrl,
    appUrl: withParts(ownerUrl, { user: 'app' }),
    systemUrl: withParts(ownerUrl, { user: 'app_system' }),
    async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) {
      return (await pool.query<Row>(sql, values)).rows;
    },
    async connectAs(role) {
      const client = new pg.Client({
        connectionString: role === 'superuser' ? ownerUrl : withParts(ownerUrl, { user: role }),
      });
      await client.connect();
      return client;
    },
    async drop() {
      await pool.end();
      await asSuperuser(serverUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

async function asSuperuser(serverUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
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
