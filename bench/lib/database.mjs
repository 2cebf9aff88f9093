// Databases of the same schema and rows on one server, and what the requests need to know of them.
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { SignJWT } from 'jose';
import pg from 'pg';
import { parentOf } from './processes.mjs';

export const tenants = 200;

const urlOf = (role, database) => {
  const url = new URL(process.env.TEST_POSTGRES_URL);
  url.username = role;
  url.pathname = `/${database}`;
  return url.href;
};

export const urlsOf = (name) => ({
  owner: urlOf('app_owner', `bench_${name}`),
  app: urlOf('app', `bench_${name}`),
  system: urlOf('app_system', `bench_${name}`),
  superuser: urlOf('postgres', `bench_${name}`),
});
export const urls = urlsOf('ours');

// Not bound by row level security: a peer names the tenant itself.
export const urlOfPeer = (name) => urlOf('postgres', `bench_${name}`);

export async function query(url, text, values) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

// The parent of whoever answers.
export async function postmasterPid() {
  const client = new pg.Client(urls.superuser);
  await client.connect();
  const { rows } = await client.query('select pg_backend_pid() as pid');
  const pid = parentOf(rows[0].pid);
  await client.end();
  return pid;
}

async function seed({ depth, history }) {
  const client = new pg.Client(urls.superuser);
  await client.connect();
  await client.query(
    `select set_config('bench.tenants', $1, false), set_config('bench.depth', $2, false), set_config('bench.history', $3, false)`,
    [String(tenants), String(depth), String(history)],
  );
  await client.query(`begin; ${readFileSync('bench/seed.sql', 'utf8')} commit`);
  await client.end();
}

// Nobody may be connected to the one that is copied.
export const copyDatabase = (from, to) =>
  query(process.env.TEST_POSTGRES_URL, `create database bench_${to} template bench_${from}`);

// One for us, and a copy for each of the peers.
export async function makeDatabases(program, peers, size) {
  const server = process.env.TEST_POSTGRES_URL;
  for (const role of ['app_owner', 'app', 'app_system']) await query(server, `create role ${role} login`);
  await query(server, 'grant app_system to app_owner'); // it hands some functions over
  await query(server, 'create database bench_ours owner app_owner');
  execFileSync(program, ['db', 'migrate'], {
    env: { DATABASE_OWNER_URL: urls.owner, DATABASE_URL: urls.app, DATABASE_SYSTEM_URL: urls.system },
    stdio: ['ignore', 2, 'inherit'],
  });
  await seed(size);
  for (const name of peers) await copyDatabase('ours', name);
  for (const url of [urls.superuser, ...peers.map(urlOfPeer)]) await query(url, 'vacuum analyze');
  await query(server, 'checkpoint');
}

// Each shop with its token, products and prices.
export async function readShops(secret) {
  const rows = await query(
    urls.superuser,
    `select s.id as session_id, s.user_id, s.tenant_id, s.device_id, d.location_id, l.code, d.device_number,
            (select count(*)::integer from products p where p.tenant_id = s.tenant_id) as products,
            array(select id from products p where p.tenant_id = s.tenant_id order by id limit 50) as product_ids,
            (select json_agg(v) from (
               select v.id, v.name, v.sku, v.price, c.code as tax_code, r.rate_ppm as tax_rate_ppm
               from variants v join products p on p.tenant_id = v.tenant_id and p.id = v.product_id
               join tax_classes c on c.tenant_id = p.tenant_id and c.id = p.tax_class_id
               join tax_rates r on r.tenant_id = c.tenant_id and r.tax_class_id = c.id
               where v.tenant_id = s.tenant_id order by v.id limit 50) v) as variants
     from sessions s
     join devices d on d.tenant_id = s.tenant_id and d.id = s.device_id
     join locations l on l.tenant_id = d.tenant_id and l.id = d.location_id
     order by s.id`,
  );
  const key = Buffer.from(secret);
  for (const row of rows) {
    row.token = await new SignJWT({ tid: row.tenant_id, sid: row.session_id, did: row.device_id })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .setSubject(row.user_id)
      .setIssuer('backend-api')
      .setAudience('backend-api')
      .setIssuedAt()
      .setExpirationTime('6h')
      .sign(key);
  }
  return { shops: rows.slice(0, tenants), deep: rows[tenants] };
}
