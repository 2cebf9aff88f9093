// Mails of src/mail, read by others: mailparser finds in them what was given, mailauth their signatures valid, and nodemailer makes
// the same of the same message but for what is said here.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Letter, relayed, split, structure, usual, write, writeByNodemailer } from './support/mail.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mail-messages-'));
afterAll(() => rmSync(folder, { recursive: true }));
const base64 = (content: string | Buffer) => Buffer.from(content).toString('base64');
const largeFile = path.join(folder, 'large.bin');
writeFileSync(largeFile, Buffer.alloc(300_000, 'a line of a large file\n'));

const logo = { filename: 'logo.png', contentType: 'image/png', contentId: 'logo@example.com', base64: base64('png') };
const receipt = { filename: 'receipt.pdf', contentType: 'application/pdf', base64: base64('%PDF') };
const longUrl = `https://example.com/unsubscribe/${'x'.repeat(268)}`;

// Twenty that go wrong elsewhere.
const letters: Record<string, Letter> = {
  'an emoji subject, longer than a line': { subject: `🧾 ${'Risiti yako 👩‍👩‍👧 '.repeat(8)}№ 7`, text: 'Asante' },
  'a name of 200 letters': {
    to: [{ name: 'Ñ'.repeat(200), address: 'amina@example.org' }],
    subject: 'Name',
    text: 'x',
  },
  'a name of 200 letters without a space': { from: [{ name: 'n'.repeat(200), address: 'a@example.com' }], text: 'x' },
  'names that are lists': {
    to: [
      { name: 'Otieno, Amina <x@y.example>; "Mama"', address: 'amina@example.org' },
      { name: 'a\\b (c)', address: 'b@example.org' },
    ],
    cc: Array.from({ length: 30 }, (_, i) => ({ name: `Nº ${i}`, address: `cc${i}@example.org` })),
    text: 'x',
  },
  'a file name of another script': {
    text: 'x',
    attachments: [{ filename: 'risiti №1.txt', contentType: 'text/plain', base64: base64('№') }],
  },
  'a file name of 200 characters, with quotes': {
    text: 'x',
    attachments: [{ filename: `"${'名前;'.repeat(66)}".txt`, contentType: 'text/plain', base64: base64('x') }],
  },
  'text from right to left': {
    from: [{ name: 'متجر الحي', address: 'hello@example.com' }],
    subject: 'إيصالك رقم ٧ من متجر الحي، شكرا لك على زيارتك الكريمة اليوم',
    text: 'شكرا لك\n\nالمجموع: ١٢٣',
    html: '<p dir="rtl">شكرا لك</p>',
  },
  'line breaks of all kinds': {
    subject: 'Lines',
    text: 'one\ntwo\r\nthree\rfour\n\n\nend',
    html: '<p>one\ntwo\r\nthree</p>',
  },
  'lines of 2,000 characters': {
    subject: 'x'.repeat(700),
    text: 'x'.repeat(2_000),
    html: `<p>${'y'.repeat(2_000)}</p>`,
  },
  'an empty body': { subject: 'Nothing' },
  'nothing but attachments': { subject: 'Files', attachments: [receipt, { ...receipt, filename: 'b.pdf' }] },
  'images inside the page, and files beside it': {
    text: 'See the logo',
    html: '<p><img src="cid:logo@example.com"><img src="cid:2@example.com"></p>',
    attachments: [logo, receipt, { ...logo, filename: 'two.png', contentId: '2@example.com' }],
  },
  'a long way to unsubscribe': {
    subject: 'News',
    text: 'x',
    unsubscribeUrl: longUrl,
    unsubscribeAddress: 'unsubscribe@example.com',
    headers: [{ name: 'Feedback-ID', value: 'news:7:example' }],
  },
  'a body without a final line break': { subject: 'End', text: 'no line break' },
  'lines that servers change': {
    subject: 'Fragile',
    text: '.\n..dots\nFrom here\nblanks at the end   \n--=_boundary\n\ttab\n',
  },
  'a page without a text': {
    subject: 'Verify',
    html: '<h1>Karibu</h1><p>Press <a href="https://example.com/v?a=1&amp;b=2">here</a>.</p>',
  },
  'an answer of a machine': {
    subject: 'Re: order',
    text: 'Got it',
    autoSubmitted: 'auto-replied',
    inReplyTo: '<1@example.org>',
    references: Array.from({ length: 40 }, (_, i) => `<${i}.${'r'.repeat(30)}@example.org>`),
    replyTo: [{ name: 'Support', address: 'support@example.com' }],
    sender: [{ name: 'Robot', address: 'robot@example.com' }],
    priority: 'high',
  },
  'addresses of other scripts': {
    from: [{ name: 'Δοκιμή', address: 'δοκιμή@παράδειγμα.example' }],
    to: [{ address: 'amina@münchen.example' }],
    subject: 'SMTPUTF8',
    text: 'x',
  },
  'recipients that no one is told of': {
    to: [],
    bcc: [{ address: 'hidden@example.org' }],
    subject: 'Hidden',
    text: 'x',
  },
  'a content that is streamed': {
    subject: 'Large',
    text: 'x',
    attachments: [{ filename: 'large.bin', path: largeFile }],
  },
};

// Where ours is not nodemailer's: [what it is there, what it is here, why].
const otherStructures: Record<string, [string, string, string]> = {
  'nothing but attachments': [
    'multipart/mixed(application/pdf, application/pdf)',
    'multipart/mixed(text/plain, application/pdf, application/pdf)',
    'mail programs show a first part that is no text as the mail itself',
  ],
  'images inside the page, and files beside it': [
    'multipart/mixed(multipart/alternative(text/plain, multipart/related(text/html, image/png, image/png)), application/pdf)',
    'multipart/mixed(multipart/related(multipart/alternative(text/plain, text/html), image/png, image/png), application/pdf)',
    'both are in use; in this one whoever looks at alternatives finds text and HTML side by side',
  ],
  'a page without a text': ['text/html', 'multipart/alternative(text/plain, text/html)', 'a text is made of the page'],
};
// Headers that we write and nodemailer does not, or the reverse.
const otherHeaders: [string, string][] = [
  ['list-unsubscribe-post', 'RFC 8058: one click'],
  ['x-msmail-priority', 'of mail programs that are gone; X-Priority and Importance say the same'],
  ['to', 'undisclosed-recipients:; where nobody else is named: servers may refuse a mail without it'],
  ['content-transfer-encoding', 'of a multipart nobody needs one, and nodemailer says 7bit for a plain text alone'],
];

const keys = [
  ['rsa', generateKeyPairSync('rsa', { modulusLength: 2048 })] as const,
  ['ed25519', generateKeyPairSync('ed25519')] as const,
].map(([selector, { privateKey }]) => ({
  domain: 'example.com',
  selector,
  pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
}));

// What a receiver finds; the records are those that the program says the domain has to have.
async function signatures(bytes: Buffer, said: string): Promise<string> {
  const records = new Map(said.split('\n').map((line) => [line.split(' ')[0]!, line.split(' ').slice(1).join(' ')]));
  const { results } = await dkimVerify(bytes, {
    resolver: async (name) => {
      const record = records.get(name);
      if (!record) throw Object.assign(new Error(`no record of ${name}`), { code: 'ENOTFOUND' });
      return [record.match(/.{1,250}/g)!];
    },
  });
  return results.map(({ algo, status }) => `${algo} ${status.result}`).join(', ');
}

const lines = (text: string | undefined) => (text ?? '').replace(/\r\n?/g, '\n').replace(/\n+$/, '');
const people = (found?: AddressObject | AddressObject[]) =>
  [found ?? []]
    .flat()
    .flatMap(({ value }) => value)
    .map(({ name, address }) => ({ name, address }));
const unnamed = (list: Letter['to'] = []) => list.map(({ name = '', address }) => ({ name, address }));

function expectGiven(mail: ParsedMail, letter: Letter): void {
  expect(mail.subject ?? '').toBe((letter.subject ?? '').trim());
  expect(mail.date!.toISOString()).toBe('2026-11-22T06:14:03.000Z');
  for (const field of ['from', 'to', 'cc'] as const) {
    const ascii = (address?: string) =>
      address?.replace(/@.*/, (domain) => new URL(`http://${domain.slice(1)}`).hostname);
    const given = unnamed(letter[field] ?? (field === 'cc' ? [] : usual[field]));
    const found = people(mail[field]).filter(({ address }) => address);
    expect(found.map((one) => ({ ...one, address: ascii(one.address) }))).toEqual(
      given.map((one) => ({ ...one, address: ascii(one.address) })),
    );
  }
  expect(mail.bcc).toBeUndefined();
  if (letter.text !== undefined) expect(lines(mail.text)).toBe(lines(letter.text));
  if (letter.html !== undefined) expect(lines(mail.html || '')).toBe(lines(letter.html));
  expect(
    mail.attachments.map(({ filename, contentType, cid, size }) => ({ filename, contentType, cid, size })).sort(byName),
  ).toEqual(
    (letter.attachments ?? [])
      .map(({ filename, contentType = 'application/octet-stream', contentId, base64: content, path: file }) => ({
        filename,
        contentType,
        cid: contentId,
        size: file ? 300_000 : Buffer.from(content!, 'base64').length,
      }))
      .sort(byName),
  );
}
const byName = (left: { filename?: string }, right: { filename?: string }) =>
  (left.filename ?? '') < (right.filename ?? '') ? -1 : 1;

describe.each(Object.entries(letters))('%s', (name, letter) => {
  let mail: ReturnType<typeof write>;
  let text: string;
  beforeAll(() => {
    mail = write({ ...letter, dkim: keys });
    text = mail.bytes.toString('latin1');
  });

  test('is what was given', async () => {
    expect(mail.code, mail.said).toBe(0);
    const parsed = await simpleParser(mail.bytes, { keepCidLinks: true });
    expectGiven(parsed, letter);
    expect(parsed.messageId).toMatch(new RegExp(`^<${usual.id}@`));
  });

  test('fits every server', () => {
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
    expect(text.endsWith('\r\n')).toBe(true);
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    const { body } = split(text);
    for (const line of body.split('\r\n')) expect(line.length).toBeLessThanOrEqual(76);
    if (!letter.from?.[0]!.address.startsWith('δ')) expect(text).toMatch(/^[\t\r\n -~]*$/);
  });

  test('is signed, also after a relay has folded it anew', async () => {
    const expected = 'rsa-sha256 pass, ed25519-sha256 pass';
    expect(await signatures(mail.bytes, mail.said)).toBe(expected);
    for (const columns of [20, 60, 900]) {
      expect(await signatures(relayed(mail.bytes, columns), mail.said)).toBe(expected);
    }
  });

  test('is what nodemailer makes, but for what is listed', async () => {
    const theirs = (await writeByNodemailer(letter)).toString('latin1');
    const [there, here] = otherStructures[name] ?? [structure(theirs), structure(theirs)];
    expect([structure(theirs), structure(text)]).toEqual([there, here]);
    const apart = otherHeaders.map(([header]) => header);
    const names = (bytes: string) =>
      split(bytes)
        .headers.map((header) => header.name)
        .filter((header) => header !== 'dkim-signature' && !apart.includes(header))
        .sort();
    expect(names(text)).toEqual(names(theirs));
  });
});

test('the text of a page has its links as they are', async () => {
  const mail = await simpleParser(write(letters['a page without a text']!).bytes);
  expect(lines(mail.text)).toBe('Karibu\n\nPress here <https://example.com/v?a=1&b=2>.');
});

test('one click is enough to unsubscribe', async () => {
  const { headers } = split(write(letters['a long way to unsubscribe']!).bytes.toString());
  const value = (wanted: string) => headers.find(({ name }) => name === wanted)?.value;
  expect(value('list-unsubscribe')).toBe(`<${longUrl}>, <mailto:unsubscribe@example.com>`);
  expect(value('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
});

test('what is changed on the way is no longer signed', async () => {
  const { bytes, said } = write({ subject: 'Pay 100', text: 'Pay 100', dkim: keys });
  const text = bytes.toString('latin1');
  for (const changed of [
    text.replace('Subject: Pay 100', 'Subject: Pay 900'),
    text.replace('\r\n\r\nPay 100', '\r\n\r\nPay 900'),
    `Subject: Pay 900\r\n${text}`,
    `From: evil@example.org\r\n${text}`,
    `To: evil@example.org\r\n${text}`,
    text.replace('MIME-Version', 'Content-Type: text/html\r\nMIME-Version'),
  ]) {
    expect(changed).not.toBe(text);
    expect(await signatures(Buffer.from(changed, 'latin1'), said)).not.toContain('pass');
  }
});

describe('a header cannot be injected', () => {
  const evil = 'x\r\nBcc: evil@example.org\r\nX-Evil: 1\r\n\r\n<h1>evil</h1>';
  const attempts: Record<string, Letter> = {
    'by the subject': { subject: evil },
    'by a bare line feed': { subject: 'x\nX-Evil: 1' },
    'by a bare carriage return': { subject: 'x\rX-Evil: 1' },
    'by an encoded word': { subject: '=?UTF-8?Q?x=0D=0AX-Evil:_1?=' },
    'by the name of the sender': { from: [{ name: evil, address: 'hello@example.com' }] },
    'by the name of a recipient': { to: [{ name: `"${evil}`, address: 'amina@example.org' }] },
    'by an address': { to: [{ address: 'amina@example.org\r\nX-Evil: 1' }] },
    'by an address in angle brackets': { to: [{ address: 'amina@example.org>, <evil@example.org' }] },
    'by an address in quotes': { to: [{ address: '"x@evil.example"@example.org' }] },
    'by a file name': { attachments: [{ filename: evil, base64: '' }] },
    'by a media type': { attachments: [{ contentType: `text/plain${evil}`, base64: '' }] },
    'by a content id': { html: '<p>', attachments: [{ contentId: evil, base64: '' }] },
    'by a header': { headers: [{ name: 'X-Order', value: evil }] },
    'by the name of a header': { headers: [{ name: 'X-Order: 1\r\nX-Evil', value: '1' }] },
    'by a header of ours': { headers: [{ name: 'Bcc', value: 'evil@example.org' }] },
    'by a way to unsubscribe': { unsubscribeUrl: `https://example.com/${evil}` },
    'by what it answers': { inReplyTo: '<1@example.org>\r\nX-Evil: 1' },
    'by what it refers to': { references: ['<1@example.org>\r\nX-Evil: 1'] },
  };

  test.each(Object.entries(attempts))('%s', async (_, letter) => {
    const { bytes, code } = write({ text: 'text', ...letter });
    if (code === 1) return expect(bytes.length).toBe(0);
    expect(code).toBe(0);
    const mail = await simpleParser(bytes);
    expect([...mail.headers.keys()]).not.toContain('x-evil');
    expect(mail.bcc).toBeUndefined();
    expect([people(mail.to)[0]!.address, people(mail.from)[0]!.address]).toEqual([
      'amina@example.org',
      'hello@example.com',
    ]);
    expect(lines(mail.text)).toBe('text');
  });
});
