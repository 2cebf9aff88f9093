// The page of the Daraja simulator: readable on a phone, no script.

import { numbers } from './daraja-numbers.mjs';

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const safe = (text) => String(text ?? '').replace(/[&<>"]/g, (one) => entities[one]);
const local = (phone) => `0${phone.slice(3, 6)} ${phone.slice(6, 9)} ${phone.slice(9)}`;

const style = `body{font:16px/1.4 system-ui,sans-serif;margin:0 auto;max-width:44rem;padding:1rem}
table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #ccc;padding:.4rem .5rem;text-align:left;vertical-align:top}
code{white-space:nowrap}input{font:inherit;width:100%;box-sizing:border-box;padding:.4rem;margin:.1rem 0 .6rem}
button{font:inherit;padding:.5rem 1rem}.scroll{overflow-x:auto}`;

const row = (cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
const table = (heads, rows) =>
  `<div class="scroll"><table><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr>${rows.join('')}</table></div>`;

const field = (name, label, value) => `<label>${label}<input name="${name}" value="${safe(value)}"></label>`;

export function page(daraja) {
  const shortCode = [...daraja.urls.keys()][0] ?? '174379';
  const attempts = [...daraja.attempts.values()].slice(-20).reverse();
  const moved = daraja.moved.slice(-20).reverse();
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Daraja simulator</title>
<style>${style}</style></head><body>
<h1>Daraja simulator</h1>
<p>No money moves here. Ask one of these numbers for a payment; any other number pays after 3 seconds.
${daraja.speed === 1 ? '' : `Times are divided by ${safe(daraja.speed)}.`}</p>
<h2>Numbers</h2>
${table(
  ['Number', 'What happens'],
  numbers.map(({ phone, name, does }) =>
    row([`<code>${local(phone)}</code>`, `${safe(does)} <small>${safe(name)}</small>`]),
  ),
)}
<h2>Pay without a prompt</h2>
<form method="post" action="/_pay">${field('shortCode', 'Paybill or till', shortCode)}
${field('amount', 'Amount, shillings', '100')}
${field('phone', 'From (2547…)', '254708374149')}
${field('reference', 'Account number', '')}<button>Pay</button></form>
<h2>Prompts</h2>
${
  attempts.length === 0
    ? '<p>None yet.</p>'
    : table(
        ['Phone', 'Amount', 'Reference', 'Result'],
        attempts.map((attempt) =>
          row([
            `<code>${local(attempt.phone)}</code>`,
            safe(attempt.amount),
            safe(attempt.reference),
            attempt.isOver ? `${safe(attempt.code)} ${safe(attempt.receipt)}` : 'rings',
          ]),
        ),
      )
}
<h2>Paid</h2>
${
  moved.length === 0
    ? '<p>Nothing yet.</p>'
    : table(
        ['Receipt', 'Amount', 'Phone', 'Reference', 'To'],
        moved.map((entry) =>
          row([
            `<code>${safe(entry.receipt)}</code>`,
            safe(entry.amount),
            `<code>${local(entry.phone)}</code>`,
            safe(entry.reference),
            safe(entry.account),
          ]),
        ),
      )
}
</body></html>`;
}
