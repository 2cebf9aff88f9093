// URLs as tenants, and those who attack through tenants, may write them: addresses in all spellings, schemes, user names, ports,
// redirects, names that answer differently the second time. Always the same ones (`random` is seeded).
//
//     for (const attempt of [...addresses(networks), ...written(), ...redirects(networks), ...names()]) { ... }

export interface Attempt {
  // The first is checked, the others are redirects of the one before, unless they are checked as well.
  visits: ({ check: string } | { redirect: string })[];
  // What the name servers say the first time, the second time, ... (null: nothing), of other names what they say of `*`.
  answers?: Record<string, (string[] | null)[]>;
  httpPorts?: number[];
}

const publicFour = '93.184.216.34';
const publicSix = '2606:2800:220:1::1';

// ---- Addresses -------------------------------------------------------------------------------------------------------

// An IPv6 address without an IPv4 tail, as a number.
function sixToNumber(address: string): bigint {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const behind = groups(tail ?? '');
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - behind.length;
  const all = [...groups(head), ...Array<string>(zeros).fill('0'), ...behind];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function numberToSix(value: bigint): string[] {
  return Array.from({ length: 8 }, (_, i) => ((value >> BigInt(16 * (7 - i))) & 0xffffn).toString(16));
}

const fourToNumber = (address: string) => address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
const numberToFour = (value: bigint) => [24n, 16n, 8n, 0n].map((shift) => Number((value >> shift) & 0xffn));

// The first and the last address of a network, and the neighbours of both.
function edges(network: string): bigint[] {
  const [prefix = '', length = ''] = network.split('/');
  const six = prefix.includes(':');
  const bits = six ? 128n : 32n;
  const size = 1n << (bits - BigInt(length));
  const first = six ? sixToNumber(prefix) : fourToNumber(prefix);
  const all = [first - 1n, first, first + size / 2n, first + size - 1n, first + size];
  return all.filter((value) => value >= 0n && value < 1n << bits);
}

function edgesOf(networks: string[]): { four: number[][]; six: string[][] } {
  const of = (six: boolean) => networks.filter((network) => network.includes(':') === six).flatMap(edges);
  return { four: [...new Set(of(false))].map(numberToFour), six: [...new Set(of(true))].map(numberToSix) };
}

// ---- Spellings of a host ---------------------------------------------------------------------------------------------

interface Host {
  host: string;
  answers?: Attempt['answers'];
}
type Four = number[];

const dotted = (four: Four) => four.join('.');
const whole = (four: Four) => four.reduce((sum, part) => sum * 256 + part, 0);
const hex = (four: Four) => whole(four).toString(16);
const inSix = (four: Four) => `${(whole(four) >>> 16).toString(16)}:${(whole(four) & 0xffff).toString(16)}`;
const wide = (text: string) => text.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
const circled = (text: string) =>
  text.replace(/\d/g, (digit) => String.fromCodePoint(digit === '0' ? 0x24ea : 0x245f + Number(digit)));
const named = (host: string, ...answers: (string[] | null)[]): Host => ({ host, answers: { [host]: answers } });

export const fourSpellings: Record<string, (four: Four) => Host> = {
  dotted: (four) => ({ host: dotted(four) }),
  decimal: (four) => ({ host: `${whole(four)}` }),
  hexadecimal: (four) => ({ host: `0x${hex(four)}` }),
  'hexadecimal in capitals': (four) => ({ host: `0X${hex(four).toUpperCase()}` }),
  octal: (four) => ({ host: `0${whole(four).toString(8)}` }),
  'octal parts': (four) => ({ host: four.map((part) => `0${part.toString(8)}`).join('.') }),
  'hexadecimal parts': (four) => ({ host: four.map((part) => `0x${part.toString(16)}`).join('.') }),
  'two parts': ([a, ...rest]) => ({ host: `${a}.${whole(rest)}` }),
  'three parts': ([a, b, ...rest]) => ({ host: `${a}.${b}.${whole(rest)}` }),
  'parts of all kinds': ([a, b, ...rest]) => ({ host: `0x${a!.toString(16)}.${b}.0${whole(rest).toString(8)}` }),
  'padded with zeros': (four) => ({ host: four.map((part) => `${part}`.padStart(3, '0')).join('.') }),
  'five parts': (four) => ({ host: `${dotted(four)}.1` }),
  'a part too large': ([a, b, c, d]) => ({ host: `${a}.${b}.${c}.${d! + 256}` }),
  'a number too large': (four) => ({ host: `${whole(four) + 2 ** 32}` }),
  'with a dot at the end': (four) => ({ host: `${dotted(four)}.` }),
  'wide digits': (four) => ({ host: wide(dotted(four)) }),
  'wide digits and dots': (four) => ({ host: wide(dotted(four)).replaceAll('.', '．') }),
  'ideographic dots': (four) => ({ host: dotted(four).replaceAll('.', '。') }),
  'circled digits': (four) => ({ host: circled(dotted(four)) }),
  'wide hexadecimal': (four) => ({ host: `0ｘ${wide(hex(four))}` }),
  'percent-encoded': (four) => ({ host: dotted(four).replace(/\d/g, (digit) => `%3${digit}`) }),
  'percent-encoded dots': (four) => ({ host: dotted(four).replaceAll('.', '%2e') }),
  'a NUL behind': (four) => ({ host: `${dotted(four)}%00.example.com` }),
  'in brackets': (four) => ({ host: `[${dotted(four)}]` }),
  mapped: (four) => ({ host: `[::ffff:${dotted(four)}]` }),
  'mapped in hexadecimal': (four) => ({ host: `[::FFFF:${inSix(four)}]` }),
  'mapped with a zone': (four) => ({ host: `[::ffff:${dotted(four)}%25lo]` }),
  compatible: (four) => ({ host: `[::${dotted(four)}]` }),
  NAT64: (four) => ({ host: `[64:ff9b::${dotted(four)}]` }),
  'NAT64 written out': (four) => ({ host: `[0064:FF9B:0:0:0:0:${inSix(four)}]` }),
  'local NAT64': (four) => ({ host: `[64:ff9b:1::${dotted(four)}]` }),
  '6to4': (four) => ({ host: `[2002:${inSix(four)}::1]` }),
  Teredo: (four) => ({ host: `[2001:0:${inSix(four)}:0:3fff:${inSix(four.map((part) => 255 - part))}]` }),
  'a name': (four) => named('name.example', [dotted(four)]),
  'a name in capitals': (four) => ({ host: 'NAME.Example', answers: { 'name.example': [[dotted(four)]] } }),
  'a name of other letters': (four) => ({
    host: 'b\u00fccher.example',
    answers: { 'xn--bcher-kva.example': [[dotted(four)]] },
  }),
  'a name behind NAT64': (four) => named('name.example', [`64:ff9b::${inSix(four)}`]),
  'a name, mapped': (four) => named('name.example', [`::ffff:${dotted(four)}`]),
  'second of a name': (four) => named('name.example', [publicSix, dotted(four)]),
  'the address below a name': (four) => named(`${dotted(four)}.example`, [dotted(four)]),
};

const short = (six: string[]) => new URL(`https://[${six.join(':')}]/`).hostname.slice(1, -1);

export const sixSpellings: Record<string, (six: string[]) => Host> = {
  short: (six) => ({ host: `[${short(six)}]` }),
  'written out': (six) => ({ host: `[${six.map((group) => group.padStart(4, '0')).join(':')}]` }),
  capitals: (six) => ({ host: `[${six.join(':').toUpperCase()}]` }),
  'an IPv4 tail': (six) => {
    const tail = numberToFour(BigInt(`0x${six[6]}`) * 65536n + BigInt(`0x${six[7]}`));
    return { host: `[${six.slice(0, 6).join(':')}:${tail.join('.')}]` };
  },
  'a zone': (six) => ({ host: `[${short(six)}%25eth0]` }),
  'without brackets': (six) => ({ host: short(six) }),
  'a name': (six) => named('name.example', [short(six)]),
  'second of a name': (six) => named('name.example', [publicFour, short(six)]),
};

function hosts(networks: string[]): Host[] {
  const { four, six } = edgesOf(networks);
  return [
    ...four.flatMap((address) => Object.values(fourSpellings).map((spell) => spell(address))),
    ...six.flatMap((address) => Object.values(sixSpellings).map((spell) => spell(address))),
  ];
}

export const addresses = (networks: string[]): Attempt[] =>
  hosts(networks).map(({ host, answers }) => ({ visits: [{ check: `https://${host}/` }], answers }));

// In their usual spelling.
export function plainAddresses(networks: string[]): Attempt[] {
  const { four, six } = edgesOf(networks);
  const plain = [...four.map(dotted), ...six.map((address) => `[${short(address)}]`)];
  return plain.map((host) => ({ visits: [{ check: `https://${host}/` }] }));
}

// ---- Everything around a host ----------------------------------------------------------------------------------------

const answers = { 'inside.example': [['10.0.0.1']], '*': [[publicFour]] };
const someHosts = [publicFour, '127.0.0.1', '0x7f.1', `[${publicSix}]`, '[::1]', 'name.example', 'inside.example'];
const starts = [
  ...[
    'https://',
    'HTTPS://',
    'http://',
    'https:',
    'https:/',
    'https:///',
    'https:\\\\',
    'https:/\\',
    '//',
    '',
    ' https://',
  ],
  ...[
    'ht\ttps://',
    'https ://',
    'ftp://',
    'file://',
    'gopher://',
    'dict://',
    'ldap://',
    'ws://',
    'wss://',
    'data:',
    'javascript:',
  ],
  ...['mailto:', 'blob:https://', 'view-source:https://', 'https://https://', '\u0000https://'],
];
const users = [
  '',
  'user@',
  'user:password@',
  '@',
  ':@',
  ':password@',
  'name.example@',
  '127.0.0.1@',
  'a@b@',
  '%40@',
  'name.example\\@',
];
const ports = [
  '',
  ':443',
  ':',
  ':0443',
  ':80',
  ':22',
  ':8443',
  ':0',
  ':65536',
  ':65979',
  ':+443',
  ':-1',
  ':0x1bb',
  ':４４３',
  ':443:80',
];
const ends = [
  ...[
    '',
    '/',
    '/path?query',
    '?query',
    '?',
    '#part',
    '#',
    '/#@127.0.0.1/',
    '/@127.0.0.1',
    '\\@127.0.0.1',
    '/\\127.0.0.1',
    '/a b',
  ],
  ...[
    '/\r\nHost: x',
    '\t/',
    '/\u007f',
    '/%0d%0a',
    '/%',
    '/../..//127.0.0.1',
    '/./%2e%2e/x',
    '/\u00fc?\u00fc',
    '/\u2028',
    ';x',
    '/;x?a=https://127.0.0.1/',
  ],
];
const oddHosts = [
  ...[
    '',
    '.',
    '..',
    'name',
    'localhost',
    'LOCALHOST',
    'a.localhost',
    'localhost.',
    'localhost.example',
    'name.example.',
    '.name.example',
  ],
  ...[
    'name..example',
    'na_me.example',
    '-name.example',
    'r3---sn.example',
    'na,me.example',
    'na!me.example',
    'na$me.example',
    "na'me.example",
  ],
  ...[
    'na me.example',
    'na<me.example',
    'na|me.example',
    'na^me.example',
    'name.example／.name.example',
    'name＠name.example',
    'name％2eexample',
  ],
  ...[
    'name：80',
    'na\u00adme.example',
    'n\u200bame.example',
    'na\u200dme.example',
    'ｎａｍｅ。ｅｘａｍｐｌｅ',
    'xn--.example',
    'xn--a.example',
  ],
  ...[
    'xn--bcher-kva.example',
    'XN--BCHER-KVA.example',
    '☃.example',
    'fa\u00df.example',
    'name.1',
    'name.0x1',
    'name.0x',
    '1e3.4',
    '0x',
    '٣.example',
  ],
  ...[
    `${'a'.repeat(63)}.example`,
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(126)}a`,
    `${'a.'.repeat(127)}a`,
    '[',
    ']',
    '[]',
    '[::',
    '[1:2]',
    '[::1',
    '::1]',
  ],
  ...[
    '[v1.x]',
    '[::1].example',
    'name.example[',
    '%',
    '%zz',
    '%6eame.example',
    'name%2eexample',
    'name.example%23',
    '*.example',
    '$name.example',
    '~',
  ],
];
// A small generator of random numbers (mulberry32): the same ones each time.
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function texts(): string[] {
  const pick = random(11);
  const one = (of: string[]) => of[pick(of.length)]!;
  return [
    ...starts.flatMap((start) => users.flatMap((user) => someHosts.map((host) => `${start}${user}${host}/`))),
    ...ports.flatMap((port) => ends.flatMap((end) => someHosts.map((host) => `https://${host}${port}${end}`))),
    ...oddHosts.map((host) => `https://${host}/`),
    ...Array.from(
      { length: 1500 },
      () => one(starts) + one(users) + one([...someHosts, ...oddHosts]) + one(ports) + one(ends),
    ),
    `https://name.example/${'a'.repeat(2048 - 'https://name.example/'.length)}`,
    `https://name.example/${'a'.repeat(2049 - 'https://name.example/'.length)}`,
    `https://name.example/${'\u00fc'.repeat(1000)}`,
  ];
}

export const written = (): Attempt[] =>
  texts().flatMap((text) => {
    const attempt: Attempt = { visits: [{ check: text }], answers };
    return /^http:/i.test(text) ? [attempt, { ...attempt, httpPorts: [80, 8080] }] : [attempt];
  });

// ---- Redirects and names that change their minds ---------------------------------------------------------------------

const forms = [
  'https://',
  '//',
  '///',
  '/\\',
  '\\\\',
  'https:',
  'https:/',
  'http://',
  '/',
  './/',
  '../',
  '?',
  '#',
  '/..//',
];

export function redirects(networks: string[]): Attempt[] {
  const from = { check: 'https://name.example/a/b?c' };
  const pick = random(12);
  const to = [
    ...hosts(networks).filter(() => pick(150) === 0),
    ...someHosts.map((host) => ({ host, answers: undefined })),
  ];
  const of = (location: string, more: Attempt['answers'], httpPorts?: number[]): Attempt => ({
    visits: [from, { redirect: location }],
    answers: {
      'inside.example': [['10.0.0.1']],
      ...more,
      'name.example': [[publicFour], ...(more?.['name.example'] ?? [[publicFour]])],
    },
    httpPorts,
  });
  return [
    ...to.flatMap(({ host, answers: more }) => forms.map((form) => of(`${form}${host}/x#part`, more))),
    ...[
      '',
      '/',
      'x',
      '../x',
      './x',
      '?x',
      '#x',
      '//',
      '/x y',
      'x:y',
      '/x:y',
      '//user@name.example/',
      '//name.example:22/',
    ].map((location) => of(location, {})),
    ...['http://name.example/', '//name.example:443/x', 'http://name.example:443/'].map((location) =>
      of(location, {}, [80, 443]),
    ),
    {
      visits: [
        { check: 'http://name.example/' },
        { redirect: '/x' },
        { redirect: 'https://name.example/' },
        { redirect: 'http://name.example/' },
      ],
      answers,
      httpPorts: [80],
    },
  ];
}

export function names(): Attempt[] {
  const good = [publicFour];
  const bad = ['10.0.0.1'];
  const sequences: (string[] | null)[][] = [
    [good],
    [[publicSix, publicFour]],
    [good, bad],
    [bad, good],
    [good, good, bad],
    [good, ['169.254.169.254']],
    [good, [publicFour, '::1']],
    [
      [publicSix, publicFour],
      [publicSix, '::ffff:7f00:1'],
    ],
    [good, []],
    [[], good],
    [good, null],
    [null, good],
    [[publicFour, '127.0.0.1'], good],
    [['fe80::1%eth0'], good],
    [['not an address'], good],
    [['0x5db8d822'], good],
  ];
  const check = { check: 'https://name.example/' };
  const redirect = { redirect: '/x' };
  return sequences.flatMap((sequence) =>
    [
      [check, check, check],
      [check, redirect, redirect],
      [check, redirect, check],
    ].map((visits) => ({ visits, answers: { 'name.example': sequence } })),
  );
}
