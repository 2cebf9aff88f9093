// A till that is killed at any moment and started again: it rings up operation after operation into a queue of files, which sends them
// meanwhile. TILL has its plan as JSON; its exit code is 0 when nothing waits any more.
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ringUp } from '../../demo-day/till.mjs';

const plan = JSON.parse(process.env.TILL);
const { createClient } = await import(`${plan.sdk}/dist/esm/node.js`);
const { OfflineQueue } = await import(`${plan.sdk}/dist/esm/queue/index.js`);
const { fileStore } = await import(`${plan.sdk}/dist/esm/queue/files.js`);

const at = (name) => path.join(plan.folder, name);
const read = (name, otherwise) => (existsSync(at(name)) ? JSON.parse(readFileSync(at(name), 'utf8')) : otherwise);
const write = (name, value) => {
  writeFileSync(at(`${name}.new`), JSON.stringify(value));
  renameSync(at(`${name}.new`), at(name));
};

const session = { load: () => read('session', null), save: (value) => write('session', value) };
const client = createClient({ baseUrl: plan.url, session, pauseMs: 5, timeoutMs: 10_000 });
const store = await fileStore(at('queue'));
const queue = new OfflineQueue({ client, store, pauseMs: 5, mostPauseMs: 60, silenceMs: 400, keep: Infinity });

// Each operation has its id by its place in the plan, so that one that was stored before a kill is not stored again.
const idOf = (index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

async function add(index) {
  const variant = plan.variants[index % plan.variants.length];
  if (index % 10 === 9) {
    const lines = [{ variantId: variant.id, quantityDelta: '1' }];
    const body = { clientRequestId: idOf(index), locationId: plan.locationId, reason: 'adjust', lines };
    return queue.add('/v1/stock-adjustments', { body, dependsOn: [idOf(index - 1)] });
  }
  const sale = ringUp({ locationId: plan.locationId, lines: [{ variant }] });
  const deviceSeq = await queue.nextNumber(plan.deviceId);
  const receiptNumber = `${plan.code}-${String(plan.deviceNumber).padStart(2, '0')}-${String(deviceSeq).padStart(6, '0')}`;
  const payments = [{ method: 'cash', amount: sale.total }];
  const numbered = {
    ...sale,
    clientRequestId: idOf(index),
    deviceId: plan.deviceId,
    deviceSeq,
    receiptNumber,
    payments,
  };
  // Some contradict themselves: to be parked.
  return queue.add('/v1/sales', { body: index % 50 === 7 ? { ...numbered, taxTotal: sale.taxTotal + 1 } : numbered });
}

while (!session.load()) {
  const { ok } = await client.logIn({ email: plan.email, password: plan.password, deviceId: plan.deviceId });
  if (ok) appendFileSync(at('log-ins'), 'x');
  else await sleep(20);
}
if (!existsSync(at('numbers'))) {
  await queue.startNumbers(plan.deviceId, 0);
  write('numbers', true);
}
queue.start();
for (let index = read('progress', 0); index < plan.operations; ++index) {
  await add(index);
  write('progress', index + 1);
  // Selling goes on while the queue is sent, and neither gets far ahead.
  while ((await store.count('waiting')) > 40) await sleep(5);
}
for (;;) {
  const { waiting, blocked, stopped } = await queue.status();
  if (waiting === blocked) break;
  if (stopped === 'signed_out') throw new Error('the session has ended');
  await sleep(10);
}
await queue.stop();
