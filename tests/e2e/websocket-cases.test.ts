// The cases of the Autobahn test suite, groups 1 to 7, 9, 10, 12 and 13, each by its number, against the echo of the development server.
import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type RedisServer } from './support/redis.js';
import { type Service, startService } from './support/service.js';
import { closeFrame, frame, type Heard, RawSocket } from './support/websocket.js';

const text = 1;
const binary = 2;
const ping = 9;
const pong = 10;
const isLong = process.env.BACKEND_API_LONG === '1';

let redis: RedisServer;
let service: Service;
let deflating: Service;

beforeAll(async () => {
  redis = await startRedis();
  const env = {
    APP_ENV: 'development',
    REDIS_URL: redis.url,
    REALTIME_MAX_MESSAGE_BYTES: String(16 * 1024 * 1024),
    REALTIME_MAX_QUEUED_BYTES: String(32 * 1024 * 1024),
    REALTIME_MESSAGES_PER_SECOND: '100000',
  };
  service = await startService({ env });
  deflating = await startService({ env: { ...env, REALTIME_DEFLATE: 'true' } });
});

afterAll(async () => {
  await Promise.all([service?.stop(), deflating?.stop()]);
  await redis?.remove();
});

// A piece of what is sent: bytes, or a pause in ms.
type Step = Buffer | number;

interface Case {
  id: string;
  steps: Step[];
  // What comes back in front of the close: [opcode, payload].
  echo?: [number, string | Buffer][];
  // The code of the server's close; `null`: a close without one. `any`: the connection just has to end.
  close: number | null | 'any';
  piece?: number;
}

async function run({ steps, piece }: Case): Promise<Heard[]> {
  const socket = await RawSocket.open(service.port, '/dev/realtime/echo');
  try {
    for (const step of steps) {
      if (typeof step === 'number') await sleep(step);
      else await socket.send(step, piece ?? step.length);
    }
    return await socket.rest();
  } finally {
    socket.destroy();
  }
}

// The messages of several frames put together.
function messagesOf(heard: Heard[]): [number, string][] {
  return heard.filter((one) => one.opcode !== 8).map((one) => [one.opcode, one.payload.toString('base64')]);
}

function closeOf(heard: Heard[]): number | null | undefined {
  const close = heard.find((one) => one.opcode === 8);
  if (!close) return undefined;
  return close.payload.length === 0 ? null : close.payload.readUInt16BE(0);
}

async function check(one: Case): Promise<void> {
  const heard = await run(one);
  const expected = (one.echo ?? []).map(([opcode, payload]) => [opcode, Buffer.from(payload).toString('base64')]);
  expect(messagesOf(heard), one.id).toEqual(expected);
  if (one.close !== 'any') expect(closeOf(heard), one.id).toBe(one.close);
}

const done = closeFrame(1000);
const echoed = (id: string, opcode: number, payload: string | Buffer, piece?: number): Case => ({
  id,
  steps: [frame({ opcode, payload }), done],
  echo: [[opcode, payload]],
  close: 1000,
  ...(piece ? { piece } : {}),
});
const failing = (id: string, steps: Step[], echo: Case['echo'] = [], close: Case['close'] = 1002): Case => ({
  id,
  steps,
  echo,
  close,
});

const sizes = [0, 125, 126, 127, 128, 65_535, 65_536];
const framing: Case[] = [
  ...sizes.map((size, index) => echoed(`1.1.${index + 1}`, text, '*'.repeat(size))),
  echoed('1.1.8', text, '*'.repeat(65_536), 997),
  ...sizes.map((size, index) => echoed(`1.2.${index + 1}`, binary, Buffer.alloc(size, 0xfe))),
  echoed('1.2.8', binary, Buffer.alloc(65_536, 0xfe), 997),
];

const pinged = (id: string, payload: string | Buffer, piece?: number): Case => ({
  id,
  steps: [frame({ opcode: ping, payload }), done],
  echo: [[pong, payload]],
  close: 1000,
  ...(piece ? { piece } : {}),
});
const tenPings = Array.from({ length: 10 }, (_, index) => `payload-${index}`);
const pings: Case[] = [
  pinged('2.1', ''),
  pinged('2.2', 'Hello, world!'),
  pinged('2.3', Buffer.from([0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff])),
  pinged('2.4', Buffer.alloc(125, 0xfe)),
  failing('2.5', [frame({ opcode: ping, payload: Buffer.alloc(126, 0xfe) })]),
  pinged('2.6', Buffer.alloc(125, 0xfe), 1),
  failing('2.7', [frame({ opcode: pong }), done], [], 1000),
  failing('2.8', [frame({ opcode: pong, payload: 'unsolicited' }), done], [], 1000),
  {
    id: '2.9',
    steps: [frame({ opcode: pong, payload: 'unsolicited' }), frame({ opcode: ping, payload: 'own' }), done],
    echo: [[pong, 'own']],
    close: 1000,
  },
  ...[undefined, 1].map((piece, index): Case => ({
    id: `2.${10 + index}`,
    steps: [Buffer.concat(tenPings.map((payload) => frame({ opcode: ping, payload }))), done],
    echo: tenPings.map((payload) => [pong, payload]),
    close: 1000,
    ...(piece ? { piece } : {}),
  })),
];

const hello = 'Hello, world!';
const ok = frame({ opcode: text, payload: hello });
const reserved: Case[] = [
  failing('3.1', [frame({ opcode: text, payload: hello, rsv: 1 })]),
  failing('3.2', [ok, frame({ opcode: text, payload: hello, rsv: 2 }), frame({ opcode: ping })], [[text, hello]]),
  failing('3.3', [Buffer.concat([ok, frame({ opcode: text, payload: hello, rsv: 3 })])], [[text, hello]]),
  {
    ...failing('3.4', [Buffer.concat([ok, frame({ opcode: text, payload: hello, rsv: 4 })])], [[text, hello]]),
    piece: 1,
  },
  failing('3.5', [frame({ opcode: binary, payload: Buffer.alloc(8, 0xff), rsv: 5 })]),
  failing('3.6', [frame({ opcode: ping, payload: hello, rsv: 6 })]),
  failing('3.7', [frame({ opcode: 8, rsv: 7 })]),
];

const opcodes: Case[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode, index) => {
  const group = index < 5 ? '4.1' : '4.2';
  const number = (index % 5) + 1;
  const bad = frame({ opcode, payload: number % 2 === 0 ? 'reserved opcode payload' : '' });
  if (number < 3) return failing(`${group}.${number}`, [bad]);
  return {
    ...failing(`${group}.${number}`, [Buffer.concat([ok, bad, frame({ opcode: ping })])], [[text, hello]]),
    ...(number > 3 ? { piece: 1 } : {}),
  };
});

const part = (opcode: number, payload: string | Buffer, fin: boolean): Buffer => frame({ opcode, payload, fin });
const two: [Buffer, Buffer] = [part(text, 'fragment1', false), part(0, 'fragment2', true)];
const whole: [number, string] = [text, 'fragment1fragment2'];
const amid = (id: string, steps: Step[], piece?: number): Case => ({
  id,
  steps: [...steps, done],
  echo: [[pong, 'ping payload'], whole],
  close: 1000,
  ...(piece ? { piece } : {}),
});
const control = frame({ opcode: ping, payload: 'ping payload' });
const five = [
  part(text, 'fragment1', false),
  part(0, 'fragment2', false),
  frame({ opcode: ping, payload: 'pongme 1!' }),
  part(0, 'fragment3', false),
  part(0, 'fragment4', false),
  frame({ opcode: ping, payload: 'pongme 2!' }),
  part(0, 'fragment5', true),
];
const fiveEcho: Case['echo'] = [
  [pong, 'pongme 1!'],
  [pong, 'pongme 2!'],
  [text, 'fragment1fragment2fragment3fragment4fragment5'],
];
const continuation = part(0, 'non-continuation payload', true);
const openContinuation = part(0, 'non-continuation payload', false);
const fragments: Case[] = [
  failing('5.1', [part(ping, 'fragment1', false), part(0, 'fragment2', true)]),
  failing('5.2', [part(pong, 'fragment1', false), part(0, 'fragment2', true)]),
  { id: '5.3', steps: [...two, done], echo: [whole], close: 1000 },
  { id: '5.4', steps: [Buffer.concat(two), done], echo: [whole], close: 1000 },
  { id: '5.5', steps: [Buffer.concat(two), done], echo: [whole], close: 1000, piece: 1 },
  amid('5.6', [two[0], control, two[1]]),
  amid('5.7', [Buffer.concat([two[0], control, two[1]])]),
  amid('5.8', [Buffer.concat([two[0], control, two[1]])], 1),
  ...[5.9, 5.1, 5.11].map((_, index) => ({
    ...failing(`5.${9 + index}`, [Buffer.concat([continuation, ok])]),
    ...(index === 2 ? { piece: 1 } : {}),
  })),
  ...[0, 1, 2].map((index) => ({
    ...failing(`5.${12 + index}`, [Buffer.concat([openContinuation, ok])]),
    ...(index === 2 ? { piece: 1 } : {}),
  })),
  failing('5.15', [Buffer.concat([...two, part(0, 'fragment3', false), part(text, 'fragment4', true)])], [whole]),
  failing('5.16', [part(0, 'fragment1', false), part(text, 'fragment2', false), part(0, 'fragment3', true)]),
  failing('5.17', [part(0, 'fragment1', true), part(text, 'fragment2', false), part(0, 'fragment3', true)]),
  failing('5.18', [part(text, 'fragment1', false), part(text, 'fragment2', true)]),
  { id: '5.19', steps: [...five.slice(0, 3), 300, ...five.slice(3), done], echo: fiveEcho, close: 1000 },
  { id: '5.20', steps: [...five.slice(0, 3), 300, ...five.slice(3), done], echo: fiveEcho, close: 1000, piece: 7 },
];

const good = 'Hello-µ@ßöäüàá-UTF-8!!';
const kosme = 'κόσμε';
const hex = (bytes: string): Buffer => Buffer.from(bytes.replaceAll(' ', ''), 'hex');
const cut = hex('ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64 69 74 65 64');
// The groups' texts, in hexadecimal; a group's cases have its number and their place.
// U+FFFE and U+FFFF of each plane; all continuation bytes.
const nonCharacters = Array.from({ length: 17 }, (_, plane) => [0xfffe, 0xffff].map((last) => (plane << 16) | last))
  .flat()
  .map((point) => Buffer.from(String.fromCodePoint(point)).toString('hex'));
const continuations = Buffer.from(Array.from({ length: 63 }, (_, index) => 0x80 + index)).toString('hex');
const valid: [string, string[]][] = [
  [
    '6.5',
    [
      '68 65 6c 6c 6f 24 77 6f 72 6c 64',
      '68 65 6c 6c 6f c2 a2 77 6f 72 6c 64',
      '68 65 6c 6c 6f e2 82 ac 77 6f 72 6c 64',
      '68 65 6c 6c 6f f0 a4 ad a2 77 6f 72 6c 64',
      'ce ba e1 bd b9 cf 83 ce bc ce b5',
    ],
  ],
  ['6.7', ['00', 'c2 80', 'e0 a0 80', 'f0 90 80 80']],
  ['6.9', ['7f', 'df bf', 'ef bf bf', 'f4 8f bf bf']],
  ['6.11', ['ed 9f bf', 'ee 80 80', 'ef bf bd', 'f4 8f bf bf']],
  ['6.22', nonCharacters],
  ['6.23', ['ef bf b9', 'ef bf ba', 'ef bf bb', 'ef bf bc', 'ef bf bd', 'ef bf be', 'ef bf bf']],
];
const invalid: [string, string[]][] = [
  ['6.8', ['f8 88 80 80 80', 'fc 84 80 80 80 80']],
  ['6.10', ['f7 bf bf bf', 'fb bf bf bf bf', 'fd bf bf bf bf bf']],
  ['6.12', ['80', 'bf', '80 bf', '80 bf 80', '80 bf 80 bf', '80 bf 80 bf 80', '80 bf 80 bf 80 bf', continuations]],
  ['6.13', ['c0 20 c1 20', 'e0 20 ef 20', 'f0 20 f7 20', 'f8 20 fb 20', 'fc 20 fd 20']],
  [
    '6.14',
    [
      'c0',
      'e0 80',
      'f0 80 80',
      'f8 80 80 80',
      'fc 80 80 80 80',
      'df',
      'ef bf',
      'f7 bf bf',
      'fb bf bf bf',
      'fd bf bf bf bf',
    ],
  ],
  ['6.15', ['c0 e0 80 f0 80 80 f8 80 80 80 fc 80 80 80 80 df ef bf f7 bf bf fb bf bf bf fd bf bf bf bf']],
  ['6.16', ['fe', 'ff', 'fe fe ff ff']],
  ['6.17', ['c0 af', 'e0 80 af', 'f0 80 80 af', 'f8 80 80 80 af', 'fc 80 80 80 80 af']],
  ['6.18', ['c1 bf', 'e0 9f bf', 'f0 8f bf bf', 'f8 87 bf bf bf', 'fc 83 bf bf bf bf']],
  ['6.19', ['c0 80', 'e0 80 80', 'f0 80 80 80', 'f8 80 80 80 80', 'fc 80 80 80 80 80']],
  ['6.20', ['ed a0 80', 'ed ad bf', 'ed ae 80', 'ed af bf', 'ed b0 80', 'ed be 80', 'ed bf bf']],
  [
    '6.21',
    [
      'ed a0 80 ed b0 80',
      'ed a0 80 ed bf bf',
      'ed ad bf ed b0 80',
      'ed ad bf ed bf bf',
      'ed ae 80 ed b0 80',
      'ed ae 80 ed bf bf',
      'ed af bf ed b0 80',
      'ed af bf ed bf bf',
    ],
  ],
];
const prefixes = Array.from(Buffer.from(kosme), (_, index) => Buffer.from(kosme).subarray(0, index + 1));
const isWhole = (bytes: Buffer): boolean => !bytes.toString('utf8').includes('\ufffd');
const half = Math.floor(Buffer.from(good).length / 2);
const bytesOfGood = Buffer.from(good);
const utf8: Case[] = [
  echoed('6.1.1', text, ''),
  {
    id: '6.1.2',
    steps: [part(text, '', false), part(0, '', false), part(0, '', true), done],
    echo: [[text, '']],
    close: 1000,
  },
  {
    id: '6.1.3',
    steps: [part(text, '', false), part(0, 'middle frame payload', false), part(0, '', true), done],
    echo: [[text, 'middle frame payload']],
    close: 1000,
  },
  echoed('6.2.1', text, good),
  {
    id: '6.2.2',
    steps: [part(text, bytesOfGood.subarray(0, half), false), part(0, bytesOfGood.subarray(half), true), done],
    echo: [[text, good]],
    close: 1000,
  },
  ...[bytesOfGood, Buffer.from(kosme)].map((bytes, index): Case => ({
    id: `6.2.${3 + index}`,
    steps: [
      Buffer.concat(
        [...bytes].map((byte, at) => part(at === 0 ? text : 0, Buffer.from([byte]), at === bytes.length - 1)),
      ),
      done,
    ],
    echo: [[text, bytes]],
    close: 1000,
  })),
  failing('6.3.1', [frame({ opcode: text, payload: cut })], [], 1007),
  failing(
    '6.3.2',
    [Buffer.concat([...cut].map((byte, at) => part(at ? 0 : text, Buffer.from([byte]), at === cut.length - 1)))],
    [],
    1007,
  ),
  // At once, though the message goes on.
  failing(
    '6.4.1',
    [part(text, hex('ce ba e1 bd b9 cf 83 ce bc ce b5'), false), part(0, hex('f4 90 80 80'), false)],
    [],
    1007,
  ),
  failing(
    '6.4.2',
    [part(text, hex('ce ba e1 bd b9 cf 83 ce bc ce b5 f4'), false), part(0, hex('90'), false)],
    [],
    1007,
  ),
  failing(
    '6.4.3',
    [frame({ opcode: text, payload: hex('ce ba e1 bd b9 f4 90 80 80 65 64') }).subarray(0, 16)],
    [],
    1007,
  ),
  failing('6.4.4', [frame({ opcode: text, payload: hex('ce ba f4 90 80 80 65 64') }).subarray(0, 11)], [], 1007),
  ...prefixes.map((bytes, index) =>
    isWhole(bytes)
      ? echoed(`6.6.${index + 1}`, text, bytes)
      : failing(`6.6.${index + 1}`, [frame({ opcode: text, payload: bytes })], [], 1007),
  ),
  failing('6.11.5', [frame({ opcode: text, payload: hex('f4 90 80 80') })], [], 1007),
  ...valid.flatMap(([group, texts]) => texts.map((bytes, index) => echoed(`${group}.${index + 1}`, text, hex(bytes)))),
  ...invalid.flatMap(([group, texts]) =>
    texts.map((bytes, index) =>
      failing(`${group}.${index + 1}`, [frame({ opcode: text, payload: hex(bytes) })], [], 1007),
    ),
  ),
];

const codeCase = (id: string, code: number, isValid: boolean): Case =>
  failing(id, [closeFrame(code)], [], isValid ? code : 1002);
const validCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const invalidCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const closing: Case[] = [
  { id: '7.1.1', steps: [ok, done], echo: [[text, hello]], close: 1000 },
  failing('7.1.2', [done, done], [], 1000),
  failing('7.1.3', [done, frame({ opcode: ping })], [], 1000),
  failing('7.1.4', [done, ok], [], 1000),
  failing('7.1.5', [part(text, 'fragment1', false), done, part(0, 'fragment2', true)], [], 1000),
  {
    id: '7.1.6',
    steps: [frame({ opcode: text, payload: '*'.repeat(256 * 1024) }), ok, done, frame({ opcode: ping })],
    echo: [
      [text, '*'.repeat(256 * 1024)],
      [text, hello],
    ],
    close: 1000,
  },
  failing('7.3.1', [closeFrame()], [], null),
  failing('7.3.2', [frame({ opcode: 8, payload: 'a' })]),
  failing('7.3.3', [closeFrame(1000)], [], 1000),
  failing('7.3.4', [closeFrame(1000, 'Hello World!')], [], 1000),
  failing('7.3.5', [closeFrame(1000, '*'.repeat(123))], [], 1000),
  failing('7.3.6', [closeFrame(1000, '*'.repeat(124))]),
  failing('7.5.1', [closeFrame(1000, cut)], [], 1007),
  ...validCodes.map((code, index) => codeCase(`7.7.${index + 1}`, code, true)),
  ...invalidCodes.map((code, index) => codeCase(`7.9.${index + 1}`, code, false)),
  failing('7.13.1', [closeFrame(5000)], [], 'any'),
  failing('7.13.2', [closeFrame(65_535)], [], 'any'),
];

const kilo = 1024;
const mega = kilo * kilo;
const large = isLong ? [64 * kilo, 256 * kilo, mega, 4 * mega, 8 * mega, 16 * mega] : [64 * kilo, 256 * kilo, mega];
const inFrames = (opcode: number, payload: Buffer, size: number): Buffer => {
  const frames: Buffer[] = [];
  for (let at = 0; at < payload.length; at += size)
    frames.push(part(at === 0 ? opcode : 0, payload.subarray(at, at + size), at + size >= payload.length));
  return Buffer.concat(frames);
};
const fragmentedBytes = isLong ? 4 * mega : 256 * kilo;
const frameSizes = [64, 256, kilo, 4 * kilo, 16 * kilo, 64 * kilo, 256 * kilo, mega, 4 * mega];
const choppedBytes = isLong ? mega : 64 * kilo;
const masses: Case[] = [
  ...[text, binary].flatMap((opcode, kind) => {
    const fill = opcode === text ? 0x2a : 0xfe;
    return [
      ...large.map((size, index) => echoed(`9.${kind + 1}.${index + 1}`, opcode, Buffer.alloc(size, fill))),
      ...frameSizes.map((size, index): Case => ({
        id: `9.${kind + 3}.${index + 1}`,
        steps: [inFrames(opcode, Buffer.alloc(fragmentedBytes, fill), size), done],
        echo: [[opcode, Buffer.alloc(fragmentedBytes, fill)]],
        close: 1000,
      })),
      ...[64, 128, 256, 512, 1024, 2048].map((piece, index) =>
        echoed(`9.${kind + 5}.${index + 1}`, opcode, Buffer.alloc(choppedBytes, fill), piece),
      ),
    ];
  }),
  ...[text, binary].flatMap((opcode, kind) =>
    [0, 16, 64, 256, 1024, 4096].map((size, index): Case => {
      const count = isLong ? 1_000 : 200;
      const payload = Buffer.alloc(size, 0x2a);
      return {
        id: `9.${kind + 7}.${index + 1}`,
        steps: [Buffer.concat(Array.from({ length: count }, () => frame({ opcode, payload }))), done],
        echo: Array.from({ length: count }, (): [number, Buffer] => [opcode, payload]),
        close: 1000,
      };
    }),
  ),
  {
    id: '10.1.1',
    steps: [inFrames(text, Buffer.alloc(65_536, 0x2a), 1_300), done],
    echo: [[text, Buffer.alloc(65_536, 0x2a)]],
    close: 1000,
  },
];

const groups: [string, Case[]][] = [
  ['1 framing', framing],
  ['2 pings and pongs', pings],
  ['3 reserved bits', reserved],
  ['4 opcodes', opcodes],
  ['5 fragments', fragments],
  ['6 UTF-8', utf8],
  ['7 closing', closing],
  ['9 limits, 10 automatic fragments', masses],
];
describe.each(groups)('%s', (_, cases) => {
  test.each(cases.map((one): [string, Case] => [one.id, one]))(
    '%s',
    async (_id, one) => {
      await check(one);
    },
    180_000,
  );
});

// ---- permessage-deflate ------------------------------------------------------------------------------------------

// Of sizes in bytes, in frames of so many; 0: in one.
const compressed: [number, number][] = [
  ...[16, 64, 256, kilo, 4 * kilo, 8 * kilo, 16 * kilo, 32 * kilo, 64 * kilo, 128 * kilo].map(
    (size): [number, number] => [size, 0],
  ),
  ...[8 * kilo, 16 * kilo, 32 * kilo, 64 * kilo, 128 * kilo].map((size): [number, number] => [size, 256]),
  ...[kilo, 4 * kilo, 32 * kilo].map((frames): [number, number] => [128 * kilo, frames]),
];
const tail = hex('00 00 ff ff');
const deflated = (bytes: Buffer, windowBits: number): Buffer =>
  deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, windowBits }).subarray(0, -4);
const inflated = (bytes: Buffer): Buffer =>
  inflateRawSync(Buffer.concat([bytes, tail]), { finishFlush: constants.Z_SYNC_FLUSH });

// Bytes of one kind, always the same: the suite has files of its own.
function sample(kind: string, size: number): Buffer {
  const line = (index: number): string => createHash('sha256').update(`${kind} ${index}`).digest('hex');
  const pieces = {
    json: (index: number) => `{"id":"${line(index)}","price":{"amount":${index},"currency":"KES"}},\n`,
    bitmap: (index: number) => '\u0000\u0001'.repeat(20) + line(index).slice(0, 8),
    prose: (index: number) => `Habe nun, ach! Bücher ${index}, durchaus studiert, mit heißem Bemühn.\n`,
    html: (index: number) => `<li class="row"><a href="/v1/${line(index).slice(0, 6)}">Zeile ${index}</a></li>\n`,
    pdf: (index: number) => line(index) + line(index + 1_000_000),
  } as Record<string, (index: number) => string>;
  let bytes = '';
  for (let index = 0; bytes.length < size; ++index) bytes += pieces[kind]!(index);
  // Of letters of one byte: a cut never halves one.
  return Buffer.from(bytes.replaceAll(/\P{ASCII}/gu, 'e').slice(0, size), 'latin1');
}

interface DeflateCase {
  kind: string;
  opcode: number;
  offer: string;
  windowBits: number;
}
const messagesOfCase = isLong ? 1_000 : 2;

async function echoCompressed(
  { kind, opcode, offer, windowBits }: DeflateCase,
  size: number,
  inPieces: number,
): Promise<void> {
  const socket = await RawSocket.open(deflating.port, '/dev/realtime/echo', { 'Sec-WebSocket-Extensions': offer });
  try {
    expect(socket.head).toMatch(/^sec-websocket-extensions: permessage-deflate/im);
    const bytes = sample(kind, size);
    const payload = deflated(bytes, windowBits);
    for (let index = 0; index < messagesOfCase; ++index) {
      if (!inPieces) await socket.send(frame({ opcode, payload, rsv: 4 }));
      for (let at = 0; inPieces && at < payload.length; at += inPieces) {
        const isLast = at + inPieces >= payload.length;
        await socket.send(
          frame({
            opcode: at ? 0 : opcode,
            payload: payload.subarray(at, at + inPieces),
            fin: isLast,
            rsv: at ? 0 : 4,
          }),
        );
      }
      const heard = await socket.next();
      expect(heard?.opcode).toBe(opcode);
      const back = heard!.rsv & 4 ? inflated(heard!.payload) : heard!.payload;
      expect(back.equals(bytes)).toBe(true);
    }
    await socket.send(done);
    expect(closeOf(await socket.rest())).toBe(1000);
  } finally {
    socket.destroy();
  }
}

const kinds: [string, number][] = [
  ['json', text],
  ['bitmap', binary],
  ['prose', text],
  ['html', text],
  ['pdf', binary],
];
const offers: [string, number][] = [
  ['permessage-deflate', 15],
  ['permessage-deflate; server_no_context_takeover; client_no_context_takeover', 15],
  ['permessage-deflate; server_max_window_bits=9; client_max_window_bits', 15],
  ['permessage-deflate; server_max_window_bits=15; client_max_window_bits', 15],
  ['permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits', 9],
  ['permessage-deflate; server_no_context_takeover; server_max_window_bits=15; client_max_window_bits', 15],
  [
    'permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits, permessage-deflate; server_no_context_takeover, permessage-deflate',
    15,
  ],
];
const deflates: [string, DeflateCase][] = [
  ...kinds.map(([kind, opcode], index): [string, DeflateCase] => [
    `12.${index + 1}`,
    { kind, opcode, offer: 'permessage-deflate; client_max_window_bits', windowBits: 15 },
  ]),
  ...offers.map(([offer, windowBits], index): [string, DeflateCase] => [
    `13.${index + 1}`,
    { kind: 'json', opcode: text, offer, windowBits },
  ]),
];
describe.each(deflates)('%s', (group, one) => {
  test.each(
    compressed.map(([size, inPieces], index): [string, number, number] => [`${group}.${index + 1}`, size, inPieces]),
  )(
    '%s',
    async (_id, size, inPieces) => {
      await echoCompressed(one, size, inPieces);
    },
    180_000,
  );
});

test('what is no deflate, or holds more than a message may, ends the connection', async () => {
  const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  const bomb = deflated(Buffer.alloc(64 * mega), 15);
  for (const [payload, code] of [
    [hex('ff ff ff ff'), 1007],
    [bomb, 1009],
  ] as const) {
    const socket = await RawSocket.open(deflating.port, '/dev/realtime/echo', offer);
    await socket.send(frame({ opcode: binary, payload, rsv: 4 }));
    expect(closeOf(await socket.rest())).toBe(code);
    socket.destroy();
  }
});

// Not of the suite: what costs the sender nothing.
test('endless empty continuations, and a length of 2^62, end the connection', async () => {
  const endless = Buffer.concat([
    part(text, '', false),
    ...Array.from({ length: 600_000 }, () => frame({ opcode: 0, fin: false })),
  ]);
  await check(failing('empty', [endless], [], 1008));
  await check(failing('long', [hex('82 ff 40 00 00 00 00 00 00 00 01 02 03 04')], [], 1009));
});

test('a handshake that is none is refused', async () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ 'Sec-WebSocket-Version': '8' }, /HTTP\/1\.1 (400|426)/],
    [{ 'Sec-WebSocket-Key': 'x' }, /HTTP\/1\.1 400/],
  ];
  for (const [headers, reply] of cases)
    await expect(RawSocket.open(service.port, '/dev/realtime/echo', headers)).rejects.toThrow(reply);
});
