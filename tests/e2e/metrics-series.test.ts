// What strangers send becomes no label: a scanner's paths, methods and hosts leave the page of metrics as it was.
import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { type Service, startService } from './support/service.js';
import { until } from './support/until.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service?.stop();
});

// Name and labels of each series.
async function series(): Promise<Set<string>> {
  const page = await (await fetch(`${service.url}/metrics`)).text();
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Set(lines.map((line) => line.slice(0, line.lastIndexOf(' '))));
}

const word = (size = 6) => randomBytes(size).toString('hex');

// One of each kind of thing that a client chooses.
const kinds: (() => string)[] = [
  () => `GET /${word()}/${word()}?${word()}=${word()} HTTP/1.1\r\nHost: ${word()}.example\r\n`,
  () => `${word().toUpperCase()} /health HTTP/1.1\r\nHost: a\r\n`,
  () => `GET /v1/products/${randomUUID()} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${word(20)}\r\n`,
  () => `DELETE /v1/${word()} HTTP/1.1\r\nHost: ${word()}\r\nX-Request-Id: ${randomUUID()}\r\n`,
  () => `GET /problems/${word()} HTTP/1.1\r\nHost: a\r\nOrigin: https://${word()}.example\r\n`,
  () => `POST /v1/callbacks/sms/${randomUUID()}/${word()} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n`,
  () =>
    `POST /v1/callbacks/m/${word(16)}/stk HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n`,
  () =>
    `GET /v1/files/${word()}/${word()}.png HTTP/1.1\r\nHost: a\r\nUser-Agent: ${word()}\r\ntraceparent: 00-${word(16)}-${word(8)}-01\r\n`,
];
const bodies = new Map([[6, '{}']]);

// Pipelined, on a connection of their own; done when as many replies have come, or the server has had enough.
function send(requests: string[]): Promise<number> {
  return new Promise((resolve) => {
    let all = '';
    const socket = connect(service.port, '127.0.0.1', () => socket.end(requests.join('')));
    socket.setEncoding('latin1');
    socket.on('data', (piece) => (all += piece));
    socket.on('error', () => {});
    socket.on('close', () => resolve(all.split('HTTP/1.1 ').length - 1));
  });
}
const requests = (count: number) =>
  Array.from({ length: count }, (_, i) => `${kinds[i % kinds.length]!()}\r\n${bodies.get(i % kinds.length) ?? ''}`);

test('a flood of strangers adds no series', { timeout: 600_000 }, async () => {
  for (let i = 0; i < 3; ++i) expect(await send(requests(kinds.length))).toBe(kinds.length);
  await series(); // the page itself is a route
  // What beats by itself has moved, the look at the outbox among it; what waits is counted for the first time.
  await until(async () => {
    const names = [...(await series())];
    return [
      'statement="outbox.backlog"',
      'webhooks_late_seconds',
      'payments_undecided{kind="payout"',
      'jobs_dead{',
    ].every((wanted) => names.some((one) => one.includes(wanted)));
  }, 180_000);
  const before = await series();
  const wanted = environment.long ? 100_000 : 4_000;
  let answered = 0;
  while (answered < wanted) {
    const counts = await Promise.all(Array.from({ length: 4 }, () => send(requests(kinds.length * 25))));
    answered += counts.reduce((sum, count) => sum + count, 0);
  }
  const added = [...(await series())].filter((one) => !before.has(one));
  // Figures that have moved for the first time: their labels are the program's own.
  expect(added.filter((one) => /[0-9a-f]{8}/i.test(one))).toEqual([]);
  expect(added.length, added.join('\n')).toBeLessThan(20);
  expect([...before].filter((one) => one.startsWith('metrics_series_folded_total{'))).toEqual([]);
  expect([...before].some((one) => one.includes('route="unmatched"'))).toBe(true);
});
