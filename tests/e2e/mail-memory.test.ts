// The memory of a process that sends mails does not depend on how many it has sent, grey lists, refusals and cut connections among them.
//
//     MAIL_MEMORY_MAILS=20000 npx vitest run tests/e2e/mail-memory.test.ts
//     bin/test --long       100,000 mails by the release build; writes docs/runs/mail-memory.json
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment, exampleEnvironment, repository } from './support/environment.js';
import { newSeed, recordRun, seeded } from './support/runs.js';

const mails = Number(process.env.MAIL_MEMORY_MAILS ?? (environment.long ? 100_000 : 5_000));
const step = mails / 10;
// Above what there was after the first step: pages of the heap that are used in other ways by then.
const roomMegabytes = 4;

const seed = newSeed();
const random = seeded(seed);
const counts = { accepted: 0, refused_for_now: 0, refused: 0, unknown: 0 };

// Takes mails and keeps none; in one of fifty cases it does something else.
function serve(socket: Socket): void {
  let unread = '';
  let inMail = false;
  const say = (reply: string): void => void socket.write(`${reply}\r\n`);
  const takeMail = (): void => {
    inMail = false;
    if (random(150) === 0) socket.destroy();
    else say('250 2.0.0 taken');
  };
  const takeLine = (line: string): void => {
    const verb = line.slice(0, 4).toUpperCase();
    const fate = random(150);
    inMail = verb === 'DATA';
    if (verb === 'EHLO') say('250-sink\r\n250 SIZE 10000000');
    else if (verb === 'MAIL' && fate === 0) socket.destroy();
    else if (verb === 'RCPT' && fate === 1) say('450 4.7.1 greylisted');
    else if (verb === 'RCPT' && fate === 2) say('550 5.1.1 nobody of that name');
    else if (verb === 'QUIT') socket.end('221 2.0.0 bye\r\n');
    else say(inMail ? '354 go on' : '250 2.0.0 ok');
  };
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (text: string) => {
    unread += text;
    for (;;) {
      const mark = inMail ? '\r\n.\r\n' : '\r\n';
      const end = unread.indexOf(mark);
      if (end < 0 || socket.destroyed) return;
      const line = unread.slice(0, end);
      unread = unread.slice(end + mark.length);
      if (inMail) takeMail();
      else takeLine(line);
    }
  });
  say('220 sink');
}

const server = createServer(serve);
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => void server.close());

const megabytes = (pid: number): number => {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Math.round(Number(kilobytes) / 102.4) / 10;
};

test(
  'the memory of a process that sends mails stays flat',
  async () => {
    const url = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}/?opportunisticTLS=true&maxConnections=1`;
    const inherited = exampleEnvironment();
    const child = spawn(path.join(repository, 'bin/example-mailer'), {
      // What AddressSanitizer keeps of freed memory, to find who still uses it, would be all that is seen.
      env: { ...inherited, MAIL_URL: url, ASAN_OPTIONS: `${inherited.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1` },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const rssMegabytes: number[] = [];
    const began = Date.now();
    for (let number = 1; number <= mails; ++number) {
      const letter = {
        id: `0197f0c2-7a5e-7c3b-9d10-${String(number).padStart(12, '0')}`,
        from: 'Jirani <hello@example.com>',
        to: `customer-${number}@example.org`,
        subject: `Risiti № ${number}`,
        html: `<h1>Asante</h1><p>${'Sugar 1 kg, KES 150.00. '.repeat(1 + random(200))}</p>`,
      };
      child.stdin.write(`${JSON.stringify(letter)}\n`);
      const { value } = await lines.next();
      counts[(JSON.parse(value as string) as { outcome: keyof typeof counts }).outcome]++;
      if (number % step === 0) rssMegabytes.push(megabytes(child.pid!));
    }
    const seconds = (Date.now() - began) / 1_000;
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'close');
    expect(child.exitCode).toBe(0);

    console.log(
      `${mails} mails in ${seconds.toFixed(1)} s, seed ${seed}; MB after each tenth: ${rssMegabytes.join(' ')}`,
    );
    for (const [outcome, count] of Object.entries(counts)) expect(count, outcome).toBeGreaterThan(0);
    expect(Math.max(...rssMegabytes)).toBeLessThan(rssMegabytes[0]! + roomMegabytes);
    if (environment.long) await recordRun('mail-memory', { seed, mails, ...counts, seconds, step, rssMegabytes });
  },
  Math.max(600_000, mails * 5),
);
