import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { test } from 'vitest';
import { demoDatabase, startService } from './support/service.js';
test('daemon', { timeout: 7_200_000 }, async () => {
  const shops: any[] = [];
  await new Promise<void>((done) => {
    const server = createServer(async (q, r) => {
      try {
        if (q.url === '/end') { r.end('bye'); server.close(); done(); return; }
        const nobody = {
          ...Object.fromEntries(['MPESA', 'STRIPE', 'FLUTTERWAVE', 'PAYSTACK'].map((n) => [`${n}_BASE_URL`, 'http://127.0.0.1:9'])),
          APP_SECRET: randomBytes(48).toString('base64url'),
        };
        const database = await demoDatabase(nobody);
        const service = await startService({ database, env: { RATE_LIMITS: 'off', ...nobody } });
        shops.push({ database, service });
        r.end(service.url);
      } catch (e) { r.end(String(e)); }
    }).listen(18899, '127.0.0.1');
  });
  for (const { service, database } of shops) { await service.stop(); await database.drop(); }
});
