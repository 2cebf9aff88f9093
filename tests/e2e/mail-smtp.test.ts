// Mails sent by src/mail to npm's smtp-server and read by mailparser: encryption, log-ins, greylisting, and connections that die at each
// step. After whatever went wrong the next mail arrives.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { exampleEnvironment, repository } from './support/environment.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mail-smtp-'));
const keyFile = path.join(folder, 'key.pem');
const certificateFile = path.join(folder, 'certificate.pem');
const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=test'];
execFileSync('openssl', ['req', '-x509', ...newKey, '-addext', names, '-keyout', keyFile, '-out', certificateFile], {
  stdio: 'ignore',
});
const largeFile = path.join(folder, 'receipt.pdf');
writeFileSync(largeFile, Buffer.alloc(2_000_000, 'a line of a large receipt\n'));

interface Letter {
  id?: string;
  from?: string;
  to?: string;
  subject?: string;
  text?: string;
  html?: string;
  file?: string;
  breaksAt?: number;
  security?: boolean;
}

interface Outcome {
  outcome: 'accepted' | 'refused_for_now' | 'refused' | 'unknown';
  whose: 'none' | 'recipient' | 'sender' | 'message';
  reply: string;
}

const idOf = (number: number) => `0197f0c2-7a5e-7c3b-9d10-${String(number).padStart(12, '0')}`;

// bin/example-mailer: a letter in, an outcome out.
class Mailer {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  constructor(environment: Record<string, string>) {
    this.child = spawn(path.join(repository, 'bin/example-mailer'), {
      env: { ...exampleEnvironment(), CLIENT_CA_FILE: certificateFile, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async send(letter: Letter): Promise<Outcome> {
    const whole = {
      id: idOf(1),
      from: 'Jirani <hello@example.com>',
      to: 'amina@example.org',
      text: 'Asante',
      ...letter,
    };
    this.child.stdin!.write(`${JSON.stringify(whole)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error('bin/example-mailer has ended');
    return JSON.parse(value) as Outcome;
  }

  async stop(): Promise<void> {
    this.child.stdin!.end();
    if (this.child.exitCode === null) await once(this.child, 'close');
    expect(this.child.exitCode).toBe(0);
  }
}

interface Peer {
  url: (query?: string) => string;
  received: string[]; // Message-IDs of mails whose end came
  taken: ParsedMail[]; // those that were answered by 250
  logins: string[];
  connections: () => number;
  // Ends all connections, as servers do with idle ones.
  hangUp: () => Promise<void>;
}

type Step = 'greeting' | 'auth' | 'mail' | 'rcpt' | 'content';
type Trouble = (step: Step, cut: () => void) => Error | undefined;

const servers: SMTPServer[] = [];
const mailers: Mailer[] = [];

const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

async function startServer(options: SMTPServerOptions = {}, trouble: Trouble = () => undefined): Promise<Peer> {
  const received: string[] = [];
  const taken: ParsedMail[] = [];
  const logins: string[] = [];
  let connections = 0;
  const sockets = () => [...(server.connections as Set<any>)];
  const cutOf = (session: { id: string }) => () =>
    sockets()
      .find(({ id }) => id === session.id)
      ?._socket.destroy();
  const server: SMTPServer = new SMTPServer({
    key: readFileSync(keyFile),
    cert: readFileSync(certificateFile),
    disableReverseLookup: true,
    onConnect(session, done) {
      ++connections;
      done(trouble('greeting', cutOf(session)));
    },
    onAuth({ method, username, password }, session, done) {
      logins.push(method);
      const failure = trouble('auth', cutOf(session));
      if (failure) return done(failure);
      if (username !== 'shop' || password !== 'p@ss:word/1') return done(refusal(535, '5.7.8 wrong'));
      done(null, { user: username });
    },
    onMailFrom: (_address, session, done) => done(trouble('mail', cutOf(session))),
    onRcptTo: (_address, session, done) => done(trouble('rcpt', cutOf(session))),
    onData(stream, session, done) {
      simpleParser(stream).then(
        (mail) => {
          received.push(mail.messageId!);
          const failure = trouble('content', cutOf(session));
          if (!failure) taken.push(mail);
          done(failure);
        },
        (error: Error) => done(error),
      );
    },
    ...options,
  });
  server.on('error', () => {}); // what a connection that is cut says
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  servers.push(server);
  const { port } = server.server.address() as AddressInfo;
  const scheme = options.secure ? 'smtps' : 'smtp';
  return {
    url: (query = 'maxConnections=1') => `${scheme}://shop:p%40ss%3Aword%2F1@127.0.0.1:${port}/?${query}`,
    received,
    taken,
    logins,
    connections: () => connections,
    async hangUp() {
      const closed = sockets().map(({ _socket: socket }) => once(socket, 'close'));
      for (const { _socket: socket } of sockets()) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function startMailer(environment: Record<string, string>): Mailer {
  const mailer = new Mailer(environment);
  mailers.push(mailer);
  return mailer;
}

afterEach(async () => {
  for (const mailer of mailers.splice(0)) await mailer.stop();
  for (const server of servers.splice(0)) await new Promise<void>((closed) => server.close(() => closed()));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a mail to a real server', () => {
  test('by TLS from the first byte, with an attachment', async () => {
    const server = await startServer({ secure: true });
    const mailer = startMailer({ MAIL_URL: server.url() });
    const letter = {
      subject: 'Risiti № 7 🧾',
      text: '.a dot\n..two',
      html: '<p>Asante</p>',
      file: largeFile,
      security: true,
    };
    expect(await mailer.send(letter)).toMatchObject({ outcome: 'accepted', whose: 'none' });
    const [mail] = server.taken;
    expect(mail).toMatchObject({ subject: letter.subject, messageId: `<${idOf(1)}@example.com>` });
    expect(mail!.text).toBe(letter.text);
    expect(mail!.html).toContain('<p>Asante</p>');
    expect(mail!.attachments[0]!.filename).toBe('receipt.pdf');
    expect(mail!.attachments[0]!.content.equals(readFileSync(largeFile))).toBe(true);
    expect(server.logins).toEqual(['PLAIN']);
  });

  test('by STARTTLS, with each way to log in', async () => {
    const server = await startServer({ authMethods: ['PLAIN', 'LOGIN'] });
    for (const method of ['PLAIN', 'LOGIN']) {
      const mailer = startMailer({ MAIL_URL: server.url(`authMethod=${method}`) });
      expect(await mailer.send({ security: true })).toMatchObject({ outcome: 'accepted' });
    }
    expect(server.logins).toEqual(['PLAIN', 'LOGIN']);
  });

  test('whose STARTTLS somebody took out: neither the password nor the mail leaves', async () => {
    const server = await startServer({ hideSTARTTLS: true, allowInsecureAuth: true });
    const mailer = startMailer({ MAIL_URL: server.url() });
    expect(await mailer.send({})).toMatchObject({ outcome: 'refused_for_now', whose: 'sender' });
    expect(server.logins).toEqual([]);
    expect(server.taken).toEqual([]);
  });

  test('whose certificate nobody vouches for', async () => {
    const server = await startServer({ secure: true });
    const mailer = startMailer({ MAIL_URL: server.url(), CLIENT_CA_FILE: '' });
    const outcome = await mailer.send({});
    expect(outcome).toMatchObject({ outcome: 'refused_for_now', whose: 'sender' });
    expect(outcome.reply).toContain('TLS');
    expect(server.logins).toEqual([]);
  });

  test('that does not know us', async () => {
    const server = await startServer({ secure: true });
    const mailer = startMailer({ MAIL_URL: server.url().replace('shop:', 'strange:') });
    expect(await mailer.send({})).toMatchObject({ outcome: 'refused', whose: 'sender' });
  });

  test('that greylists: taken the second time, under the same Message-ID', async () => {
    let asked = 0;
    const server = await startServer({}, (step) =>
      step === 'rcpt' && ++asked === 1 ? refusal(450, '4.7.1 Greylisted, try again later') : undefined,
    );
    const mailer = startMailer({ MAIL_URL: server.url() });
    const first = await mailer.send({});
    expect(first).toMatchObject({ outcome: 'refused_for_now', whose: 'recipient' });
    expect(first.reply).toContain('Greylisted');
    expect(await mailer.send({})).toMatchObject({ outcome: 'accepted' });
    expect(server.connections()).toBe(1);
    expect(server.taken.map(({ messageId }) => messageId)).toEqual([`<${idOf(1)}@example.com>`]);
  });

  test('cut after the final dot: unknown, and the repetition is known by its Message-ID', async () => {
    let times = 0;
    const server = await startServer({}, (step, cut) => {
      if (step !== 'content' || ++times > 1) return undefined;
      cut();
      return refusal(421, 'cut');
    });
    const mailer = startMailer({ MAIL_URL: server.url() });
    expect(await mailer.send({})).toMatchObject({ outcome: 'unknown' });
    expect(await mailer.send({})).toMatchObject({ outcome: 'accepted' });
    expect(server.received).toEqual([`<${idOf(1)}@example.com>`, `<${idOf(1)}@example.com>`]);
  });

  test('whose attachment breaks half-way: nothing is sent, and later the whole', async () => {
    const server = await startServer({ secure: true });
    const mailer = startMailer({ MAIL_URL: server.url() });
    const broken = await mailer.send({ file: largeFile, breaksAt: 1_000_000 });
    expect(broken).toMatchObject({ outcome: 'refused_for_now', whose: 'message' });
    expect(broken.reply).toContain('cannot be read to its end');
    expect(await mailer.send({ file: largeFile })).toMatchObject({ outcome: 'accepted' });
    expect(server.taken.at(-1)!.attachments[0]!.content.equals(readFileSync(largeFile))).toBe(true);
  });
});

describe('a pool of one connection', () => {
  test('whose server closes it while it is idle, again and again', async () => {
    const server = await startServer();
    const mailer = startMailer({ MAIL_URL: server.url() });
    for (let number = 1; number <= 5; ++number) {
      expect(await mailer.send({ id: idOf(number) })).toMatchObject({ outcome: 'accepted' });
      await server.hangUp();
    }
    expect(server.taken.map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 5 }, (_, i) => `<${idOf(i + 1)}@example.com>`),
    );
    expect(server.connections()).toBe(5);
  });

  const steps: Step[] = ['greeting', 'auth', 'mail', 'rcpt', 'content'];
  test.each(steps)('that fails at %s: the next mail arrives', async (faulty) => {
    for (const code of [451, 554, 0]) {
      let done = false;
      const server = await startServer({}, (step, cut) => {
        if (step !== faulty || done) return undefined;
        done = true;
        if (code === 0) cut();
        return code === 0 ? refusal(421, 'cut') : refusal(code, `${String(code)[0]}.3.0 trouble`);
      });
      const mailer = startMailer({ MAIL_URL: server.url() });
      const outcome = {
        451: 'refused_for_now',
        554: 'refused',
        0: faulty === 'content' ? 'unknown' : 'refused_for_now',
      }[code];
      expect(await mailer.send({ id: idOf(1) })).toMatchObject({ outcome });
      expect(await mailer.send({ id: idOf(2) })).toMatchObject({ outcome: 'accepted' });
      expect(server.taken.map(({ messageId }) => messageId)).toEqual([`<${idOf(2)}@example.com>`]);
    }
  });
});

describe('a second server behind the first', () => {
  test('takes what the first refuses for its own reasons, and nothing else', async () => {
    let reason: Error | undefined;
    const first = await startServer({}, (step) => (step === 'rcpt' ? reason : undefined));
    const second = await startServer();
    const mailer = startMailer({ MAIL_URL: first.url(), MAIL_FALLBACK_URL: second.url() });
    const cases: [Error | undefined, string, number][] = [
      [undefined, 'accepted', 0],
      [refusal(550, '5.1.1 nobody of that name'), 'refused', 0],
      [refusal(450, '4.7.1 greylisted'), 'refused_for_now', 0],
      [refusal(554, '5.7.1 relay access denied'), 'accepted', 1],
      [refusal(451, '4.3.0 the disk is full'), 'accepted', 2],
    ];
    for (const [why, outcome, taken] of cases) {
      reason = why;
      expect(await mailer.send({}), why?.message).toMatchObject({ outcome });
      expect(second.taken.length, why?.message).toBe(taken);
    }
    expect(second.taken[0]!.messageId).toBe(`<${idOf(1)}@example.com>`);
  });
});

test('a MAIL_URL that cannot be read ends the program, which does not say the password', async () => {
  const child = spawn(path.join(repository, 'bin/example-mailer'), {
    env: { ...exampleEnvironment(), MAIL_URL: 'smtp://shop:hunter2@mail.example/?maxConnections=none' },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  child.stderr!.on('data', (text: Buffer) => (said += text.toString()));
  const [code] = await once(child, 'close');
  expect(code).toBe(78);
  expect(said).toContain('maxConnections is a number from 1 to 100');
  expect(said).not.toContain('hunter2');
});
