// What has not arrived yet, and what a person must look at.
import type { Entry, QueueStatus } from 'backend-api-client/queue';
import { saleIn } from './basket.js';
import { form, h, icon, openDialog, put, toast } from './dom.js';
import { money } from './money.js';
import { showReceipt } from './receipt.js';
import { till } from './till.js';

const reasons: Record<string, string> = {
  no_answer: 'No connection. Sales are safe on this device, and are sent when it is back.',
  signed_out: 'Log in again to send.',
  pay: 'The subscription must be paid before sales are sent.',
  upgrade: 'This till must be updated before sales are sent.',
  storage: 'This device cannot read its storage. Save a copy of what waits.',
};

export const reasonOf = ({ stopped }: QueueStatus): string => reasons[stopped ?? ''] ?? '';

/** The button of the page's head. */
export function indicator(button: HTMLButtonElement, status: QueueStatus | undefined): void {
  if (!status) return;
  const { waiting, parked, stopped } = status;
  const [look, text] =
    parked > 0
      ? (['alert', `${parked} to look at`] as const)
      : waiting > 0
        ? (['clock', `${waiting} waiting`] as const)
        : (['done', 'All sent'] as const);
  button.className = `indicator ${look}`;
  const more = parked > 0 && waiting > 0 ? `, ${waiting} waiting` : '';
  put(button, icon(look), h('span', {}, stopped === 'no_answer' && waiting > 0 ? `Offline · ${text}` : text, more));
}

const totalOf = (entry: Entry): string => {
  const sale = entry.target === '/v1/sales' ? saleIn(entry) : undefined;
  return sale ? money(sale.total) : '';
};
const ago = (ms: number): string => {
  const minutes = Math.floor(ms / 60_000);
  return minutes < 1 ? 'just now' : minutes < 120 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
};

function row(entry: Entry, ...more: (Node | false)[]): HTMLElement {
  return h(
    'li',
    {},
    h(
      'button',
      { class: 'plain entry', onclick: () => void showReceipt(entry.id) },
      h('b', {}, entry.label ?? entry.target),
      h('span', {}, totalOf(entry)),
      h('small', {}, ago(Date.now() - entry.addedAt)),
    ),
    ...more.filter((one) => one !== false),
  );
}

// The service's own words, and where in the sale the trouble is.
function problemOf({ problem }: Entry): HTMLElement {
  const findings = (problem?.errors ?? []) as { pointer?: string; message?: string; code?: string }[];
  return h(
    'p',
    { class: 'problem' },
    problem?.detail ?? problem?.title ?? 'It was refused.',
    findings.length > 0 &&
      h('span', {}, ` ${findings.map(({ pointer, message, code }) => `${pointer}: ${message ?? code}`).join('; ')}`),
    h('code', {}, problem?.code ?? ''),
  );
}

// Somebody may have sold it, and has its receipt: it is not given up before it was read.
function unreadableRow(entry: Entry): HTMLElement {
  const words = `Number ${entry.number} of this till's queue cannot be read at the moment. It is sent by itself when it can.`;
  return row(entry, h('p', { class: 'problem' }, words, h('code', {}, entry.problem?.code ?? '')));
}

function parkedRow(entry: Entry): HTMLElement {
  if (!saleIn(entry)) return unreadableRow(entry);
  const note = h('input', { 'aria-label': `Why ${entry.label ?? ''} is not sent`, placeholder: 'Why it is not sent' });
  const sendAgain = (): Promise<unknown> => till.queue.requeue(entry.id).catch(({ message }: Error) => toast(message));
  const again = h('button', { type: 'button', onclick: () => void sendAgain() }, 'Send again');
  const dismiss = form(
    async () => {
      if (note.value.trim() === '') return 'Say why.';
      await till.queue.dismiss(entry.id, note.value.trim());
    },
    h('div', { class: 'actions' }, again, note, h('button', {}, 'Do not send')),
  );
  return row(entry, problemOf(entry), dismiss);
}

async function saveCopy(): Promise<void> {
  const url = URL.createObjectURL(new Blob([await till.queue.export()], { type: 'application/json' }));
  h('a', { href: url, download: `till-${till.setup?.deviceNumber ?? ''}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function showQueue(): void {
  const state = h('p', { role: 'status' });
  const parked = h('ul', { class: 'entries' });
  const waiting = h('ul', { class: 'entries' });
  const sent = h('ul', { class: 'entries' });
  const headings = [h('h3', {}, 'To look at'), h('h3', {}, 'Waiting'), h('h3', {}, 'Sent')] as const;
  const send = form(
    async () => void (await till.queue.flush()),
    h(
      'div',
      { class: 'actions' },
      h('button', { class: 'primary' }, 'Send now'),
      h('button', { type: 'button', onclick: () => void saveCopy() }, 'Save a copy'),
    ),
  );
  const dialog = openDialog(
    'Sales of this till',
    state,
    send,
    headings[0],
    parked,
    headings[1],
    waiting,
    headings[2],
    sent,
  );
  let shown = '';
  const show = async (): Promise<void> => {
    const [status, toLookAt, toSend, done] = await Promise.all([
      till.queue.status(),
      till.queue.parked(),
      till.queue.waiting(),
      till.done(),
    ]);
    const { ofOthers, skew, storage } = status;
    const off =
      Math.abs(skew?.ms ?? 0) > 300_000 &&
      `This device's clock is wrong by ${Math.round(Math.abs(skew!.ms) / 60_000)} min.`;
    const evictable =
      storage.persisted === false &&
      toSend.length > 0 &&
      'The browser may delete these sales when the disk is full: install the till.';
    put(
      state,
      [reasonOf(status), ofOthers > 0 && `${ofOthers} wait for another cashier to log in.`, off, evictable]
        .filter(Boolean)
        .join(' '),
    );
    // What somebody types is not drawn anew for a sale that was sent.
    const now = toLookAt.map(({ id, attempts }) => `${id} ${attempts}`).join();
    if (now !== shown || now === '') put(parked, toLookAt.map(parkedRow));
    shown = now;
    put(
      waiting,
      toSend.map((entry) => row(entry, entry.problem !== undefined && problemOf(entry))),
    );
    put(
      sent,
      done.map((entry) => row(entry)),
    );
    [toLookAt, toSend, done].forEach((entries, index) => (headings[index]!.hidden = entries.length === 0));
  };
  const end = till.queue.subscribe(() => void show());
  dialog.addEventListener('close', end);
  void show();
}
