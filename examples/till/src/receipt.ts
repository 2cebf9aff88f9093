// A sale as it is printed: what was stored for the service, word for word.
import type { NewSale } from 'backend-api-client';
import { saleIn } from './basket.js';
import { h, icon, openDialog, toast } from './dom.js';
import { money, plain } from './money.js';
import { till } from './till.js';

const methods: Record<string, string> = { cash: 'Cash', mpesa: 'M-Pesa' };

// `cashier`: undefined when somebody else sold it.
function paper(sale: NewSale, cashier: string | undefined): HTMLElement {
  const { profile, setup } = till;
  const at = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: profile.timeZone });
  const totals = till.arithmetic.computeSale({
    lines: sale.lines,
    taxRounding: sale.taxRounding === 'line' ? 'line' : 'rate_group',
    cashRounding: sale.cashRounding ?? 0,
  });
  const row = (name: string, amount: number, className = ''): HTMLElement =>
    h(
      'tr',
      { class: className },
      h('th', { scope: 'row' }, name),
      h('td', {}, h('data', { value: amount }, plain(amount))),
    );
  const taxes = totals.ok ? totals.data.taxGroups.filter(({ tax }) => tax !== 0) : [];
  const cash = sale.payments.find(({ tendered }) => tendered);
  return h(
    'article',
    { class: 'receipt', 'aria-label': `Receipt ${sale.receiptNumber}` },
    h('h3', {}, profile.shop),
    h('p', {}, setup?.locationName ?? ''),
    h('p', {}, h('b', { class: 'number' }, sale.receiptNumber ?? ''), h('br'), at.format(new Date(sale.occurredAt))),
    h(
      'table',
      {},
      h(
        'tbody',
        {},
        sale.lines
          .map((line) => [
            h('tr', {}, h('th', { scope: 'row', colspan: 2 }, line.name)),
            h(
              'tr',
              { class: 'sub' },
              h('td', {}, `${line.quantity} × ${plain(line.unitPrice)}`),
              h('td', {}, plain(line.gross ?? 0)),
            ),
          ])
          .flat(),
      ),
      h(
        'tfoot',
        {},
        sale.cashRounding ? row('Rounded', sale.cashRounding) : null,
        row(`Total ${profile.currency}`, sale.total, 'total'),
        taxes.map(({ taxCode, tax, taxInclusive }) => row(`${taxInclusive ? 'incl.' : 'plus'} ${taxCode}`, tax, 'sub')),
        sale.payments.map((payment) =>
          row(
            `${methods[payment.method] ?? payment.method} ${payment.reference ?? ''}`,
            payment.tendered ?? payment.amount,
          ),
        ),
        cash ? row('Change', cash.tendered! - cash.amount) : null,
      ),
    ),
    h('p', {}, cashier ? `Served by ${cashier}. Thank you.` : 'Thank you.'),
  );
}

/** `sold`: just now. */
export async function showReceipt(id: string, sold = false): Promise<void> {
  const entry = await till.queue.get(id);
  const sale = entry && saleIn(entry);
  if (!sale) return toast('This sale cannot be read at the moment.');
  const session = await till.api.session.load();
  const cash = sale.payments.find(({ tendered }) => tendered);
  const change = cash ? cash.tendered! - cash.amount : 0;
  const dialog = openDialog(
    sold ? 'Sold' : 'Receipt',
    sold &&
      h(
        'p',
        { class: 'big', role: 'status' },
        icon('done'),
        change > 0 ? ['Change ', h('b', {}, money(change))] : money(sale.total),
      ),
    h(
      'div',
      { class: 'actions' },
      h(
        'button',
        { class: 'primary', autofocus: true, onclick: () => dialog.close() },
        sold ? 'Next customer' : 'Close',
      ),
      h('button', { onclick: () => print() }, 'Print'),
    ),
    paper(sale, session?.userId === entry.owner.userId ? till.profile.cashier : undefined),
  );
  dialog.classList.add('with-receipt');
}
