// Mails as examples/mail writes them, as nodemailer does, and what is in them.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import nodemailer from 'nodemailer';
import { exampleEnvironment, repository } from './environment.js';

export interface Person {
  name?: string;
  address: string;
}

export interface Letter {
  id?: string;
  date?: string;
  from?: Person[];
  sender?: Person[];
  replyTo?: Person[];
  to?: Person[];
  cc?: Person[];
  bcc?: Person[];
  subject?: string;
  text?: string;
  html?: string;
  attachments?: { filename?: string; contentType?: string; contentId?: string; base64?: string; path?: string }[];
  unsubscribeUrl?: string;
  unsubscribeAddress?: string;
  autoSubmitted?: string;
  priority?: 'high' | 'low';
  inReplyTo?: string;
  references?: string[];
  headers?: { name: string; value: string }[];
  dkim?: { domain: string; selector: string; pem: string }[];
}

export const usual = {
  id: '0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01',
  date: '2026-11-22T06:14:03Z',
  from: [{ name: 'Jirani', address: 'hello@example.com' }],
  to: [{ address: 'amina@example.org' }],
} satisfies Letter;

export function write(letter: Letter): { bytes: Buffer; said: string; code: number | null } {
  const { stdout, stderr, status } = spawnSync(path.join(repository, 'bin/example-mail'), {
    input: JSON.stringify({ ...usual, ...letter }),
    env: exampleEnvironment(),
    maxBuffer: 64 * 1024 * 1024,
  });
  return { bytes: stdout, said: stderr.toString(), code: status };
}

export async function writeByNodemailer(letter: Letter): Promise<Buffer> {
  const all = { ...usual, ...letter };
  const people = (list?: Person[]) => list?.map(({ name, address }) => ({ name: name ?? '', address }));
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const unsubscribe = [
    ...(all.unsubscribeUrl ? [{ url: all.unsubscribeUrl, comment: '' }] : []),
    ...(all.unsubscribeAddress ? [{ url: `mailto:${all.unsubscribeAddress}`, comment: '' }] : []),
  ];
  const { message } = await transport.sendMail({
    messageId: `<${all.id}@example.com>`,
    date: all.date,
    from: people(all.from)![0],
    sender: people(all.sender)?.[0],
    replyTo: people(all.replyTo),
    to: people(all.to),
    cc: people(all.cc),
    subject: all.subject,
    text: all.text,
    html: all.html,
    attachments: all.attachments?.map(({ filename, contentType, contentId, base64, path }) => ({
      filename: filename ?? false,
      contentType: contentType ?? 'application/octet-stream',
      ...(contentId ? { cid: contentId } : {}),
      ...(path ? { path } : { content: Buffer.from(base64 ?? '', 'base64') }),
    })),
    ...(unsubscribe.length > 0 ? { list: { unsubscribe: [unsubscribe] } } : {}),
    priority: all.priority,
    inReplyTo: all.inReplyTo,
    references: all.references,
    headers: [
      ...(all.autoSubmitted ? [{ key: 'Auto-Submitted', value: all.autoSubmitted }] : []),
      ...(all.headers ?? []).map(({ name, value }) => ({ key: name, value })),
    ],
  });
  return message as Buffer;
}

// Headers without their folds, and the body.
export function split(entity: string): { headers: { name: string; value: string }[]; body: string } {
  const end = entity.startsWith('\r\n') ? 0 : entity.indexOf('\r\n\r\n') + 2;
  const lines = entity
    .slice(0, end)
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .filter(Boolean);
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() };
  });
  return { headers, body: entity.slice(end + 2) };
}

// "multipart/mixed(text/plain, application/pdf)"
export function structure(entity: string): string {
  const { headers, body } = split(entity);
  const type = headers.find(({ name }) => name === 'content-type')?.value ?? 'text/plain';
  const kind = type.split(';')[0]!.trim();
  if (!kind.startsWith('multipart/')) return kind;
  const boundary = /boundary="?([^";]+)"?/.exec(type)![1]!;
  const parts = `\r\n${body}`.split(`\r\n--${boundary}`).slice(1, -1);
  return `${kind}(${parts.map((part) => structure(part.replace(/^[ \t]*\r\n/, ''))).join(', ')})`;
}

// What a relay may do on the way: fold anew, at another width and with a tabulator, and put its own headers in front.
export function relayed(bytes: Buffer, columns: number): Buffer {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const headers = text
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const folded = headers.map((header) => {
    const lines = [''];
    for (const word of header.split(' ')) {
      const line = lines[lines.length - 1]!;
      if (line === '') lines[lines.length - 1] = word;
      else if (line.length + word.length < columns) lines[lines.length - 1] = `${line} ${word}`;
      else lines.push(word);
    }
    return lines.join('\r\n\t');
  });
  const added = ['Received: from a.example by b.example; Sun, 22 Nov 2026 06:14:04 +0000', 'X-Relay: 1'];
  return Buffer.from([...added, ...folded].join('\r\n') + text.slice(end), 'latin1');
}
