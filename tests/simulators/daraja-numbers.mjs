// What a payer's number does in the Daraja simulator. A scenario, all of whose members may be left out:
//
//     payer: 0               what the payer does: 0 pays, another ResultCode ends it so
//     after: 3               seconds until then
//     refuse: "html503"      how the prompt itself is answered; refuseTimes: only the first so many; acts: it rings all the same
//     reply: "cut" | "hang" | "aftercallback"
//     callbacks: "once" | "twice" | "parallel" | "none" | "garbage" (empty, {}, null and HTML first)
//     callbackAfter: 90      seconds between the payment and its callback
//     metadata: "none" | "noreceipt" | "strings"
//     query: "4999" | "500" (how waiting is said) | "fails" (1037 whatever happened) | "html"
//     paysAmount: "less"     a shilling less than was asked for
//     thenPays: 60           it ends so, and the payer pays all the same so many seconds later
//     confirmsFirst: true    the C2B confirmation comes before the callback

import { Buffer } from 'node:buffer';

const descriptions = {
  0: 'The service request is processed successfully.',
  1: 'The balance is insufficient for the transaction.',
  2: 'Declined due to limit rule: less than the minimum transaction amount.',
  3: 'Declined due to limit rule: greater than the maximum transaction amount.',
  4: 'Declined due to limit rule: would exceed daily transfer limit.',
  8: 'Declined due to account rule: would exceed the maximum balance.',
  17: 'Rule limited.',
  26: 'System busy. The service request is rejected.',
  1001: 'Unable to lock subscriber, a transaction is already in process for the current subscriber',
  1019: 'Transaction has expired',
  1025: 'An error occurred while sending a push request',
  1031: 'Request cancelled by user',
  1032: 'Request cancelled by user',
  1036: '[STK_CB - ]SMSC ACK timeout.',
  1037: 'DS timeout user cannot be reached',
  2001: 'The initiator information is invalid.',
  2028: 'The request is not permitted according to product assignment.',
  4999: 'The transaction is still under processing',
  8006: 'The security credential is locked.',
  9999: 'An error occurred while sending a push request',
  SFC_IC0003: 'The operator does not exist.',
  E3008: 'Request refused.',
};
export const descriptionOf = (code) => descriptions[code] ?? 'Request failed.';
export const isPaid = (code) => code === 0 || code === '0';

const special = [
  ['01', 'success', 'The payer enters the PIN after 3 seconds.', {}],
  ['02', 'no-callback', 'Paid, but no callback ever comes: whoever asks is told.', { callbacks: 'none' }],
  [
    '03',
    'no-answer',
    'The payer never answers. Ends with 1037 after 60 seconds, without a callback.',
    { payer: 1037, after: 60, callbacks: 'none' },
  ],
  ['04', 'twice', 'Paid; the callback comes twice, and again 20 seconds later.', { callbacks: 'twice' }],
  [
    '05',
    'late-callback',
    'Paid; asked, Daraja says "still processing" (4999) until the callback after 90 seconds.',
    { callbackAfter: 90, query: '4999' },
  ],
  ['06', 'callback-first', 'Paid; the callback comes before the prompt is answered.', { reply: 'aftercallback' }],
  ['07', 'html-503', 'The prompt is answered with 503 and HTML. Nothing rings.', { refuse: 'html503' }],
  ['08', 'apigee-429', 'The gateway refuses the prompt (429, spike arrest). Nothing rings.', { refuse: 'apigee429' }],
  ['09', 'hang', 'The prompt is answered after 30 seconds. Paid after 3.', { reply: 'hang' }],
  [
    '10',
    'cut',
    'The connection is cut without an answer; the phone rings, and it is paid with a callback.',
    { reply: 'cut' },
  ],
  ['11', 'lost', 'The answer is lost, it is paid, and no callback comes.', { reply: 'cut', callbacks: 'none' }],
  [
    '12',
    'query-lies',
    'Asked, Daraja says it failed (1037); the callback says paid after 45 seconds.',
    { callbackAfter: 42, query: 'fails' },
  ],
  ['13', 'wrong-amount', 'The payer pays a shilling less than was asked for.', { paysAmount: 'less' }],
  ['14', 'five-minutes', 'Paid after 5 minutes.', { after: 300 }],
  [
    '15',
    'html-503-paid',
    'The prompt is answered with 503 and HTML, rings all the same, and is paid.',
    { refuse: 'html503', acts: true },
  ],
  [
    '16',
    'pending-500',
    'Paid after 60 seconds; asked meanwhile, Daraja says "being processed" with a 500.',
    { after: 60, query: '500' },
  ],
  [
    '17',
    'busy-once',
    'The first prompt is refused: system busy. The next one is paid.',
    { refuse: 'busy', refuseTimes: 1 },
  ],
  ['18', 'locked', 'Unable to lock subscriber: another transaction is open.', { refuse: 'locked' }],
  ['19', 'merchant', 'Merchant does not exist.', { refuse: 'merchant' }],
  ['20', 'credentials', 'Wrong credentials: the passkey is another one.', { refuse: 'credentials' }],
  [
    '21',
    'internal',
    'Internal Server Error (500.003.1001). Nothing rings, but nobody says so.',
    { refuse: 'internal' },
  ],
  ['22', 'maintenance', 'Service is under maintenance.', { refuse: 'maintenance' }],
  ['23', 'quota', 'Quota violation (500.003.03).', { refuse: 'quota' }],
  ['24', 'refused', '200 with another ResponseCode than 0.', { refuse: 'refused200' }],
  ['25', 'bare-success', 'The callback says paid, without amount and receipt. It is paid.', { metadata: 'none' }],
  [
    '26',
    'no-receipt',
    'The callback says paid and how much, without a receipt. It is paid.',
    { metadata: 'noreceipt' },
  ],
  [
    '27',
    'garbage',
    'Four callbacks that mean nothing (empty, {}, null, HTML), then the right one.',
    { callbacks: 'garbage' },
  ],
  [
    '28',
    'cancels-then-pays',
    'The payer cancels, and pays all the same 60 seconds later.',
    { payer: 1032, thenPays: 60 },
  ],
  ['29', 'strings', 'Paid; the callback has strings for numbers, in another order.', { metadata: 'strings' }],
  [
    '30',
    'confirmation-first',
    'Paid; the C2B confirmation comes before the callback, where URLs are registered.',
    { confirmsFirst: true },
  ],
  [
    '31',
    'token-dies',
    'The first prompt is refused as if the access token were dead. The next one is paid.',
    { refuse: 'token', refuseTimes: 1 },
  ],
  ['32', 'no-product', '401: the app has no such product.', { refuse: 'noproduct' }],
  ['33', 'soap', '500 with a SOAP fault.', { refuse: 'soap' }],
  ['34', 'parallel', 'Paid; three callbacks at once.', { callbacks: 'parallel' }],
  ['35', 'wall', '403 with HTML: blocked before Daraja.', { refuse: 'html403' }],
];

// 2547001 and the code in five digits; those with letters have one each.
const codes = [1, 2, 3, 4, 8, 17, 26, 1001, 1019, 1025, 1031, 1032, 1036, 1037, 2001, 2028, 8006, 9999];
const named = [
  ['254700190003', 'SFC_IC0003'],
  ['254700193008', 'E3008'],
  ['254700177777', 77777],
];
const phoneOfCode = (code) => `2547001${String(code).padStart(5, '0')}`;

export const numbers = [
  ...special.map(([digits, name, does, scenario]) => ({
    phone: `2547000000${digits}`,
    name,
    does,
    scenario: { name, ...scenario },
  })),
  ...[...codes.map((code) => [phoneOfCode(code), code]), ...named].map(([phone, code]) => ({
    phone,
    name: `code-${code}`,
    does: `ResultCode ${code}: ${descriptionOf(code)}`,
    scenario: { name: `code-${code}`, payer: code },
  })),
];

// By number or name.
export function scenarioOf(which) {
  return numbers.find(({ phone, name }) => phone === which || name === which)?.scenario;
}

// ---- Manners by seed --------------------------------------------------------------------------------------------

// mulberry32 over an FNV-1a hash: the same for the same text, in whatever order prompts come.
function randomOf(text) {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(text)) state = Math.imul(state ^ byte, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function pick(random, choices) {
  let left = random() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, choice] of choices) if ((left -= weight) < 0) return choice;
  return choices[0][1];
}

export function badManners(seed, { PhoneNumber, Amount, AccountReference }) {
  const random = randomOf(`${seed}/${PhoneNumber}/${Amount}/${AccountReference}`);
  const reply = pick(random, [
    [60, {}],
    [8, { reply: 'cut' }],
    [4, { reply: 'hang' }],
    [8, { reply: 'aftercallback' }],
    [5, { refuse: 'html503', acts: true }],
    [5, { refuse: 'html503' }],
    [4, { refuse: 'apigee429', refuseTimes: 1 }],
    [3, { refuse: 'internal', acts: true }],
    [3, { refuse: 'busy', refuseTimes: 1 }],
  ]);
  const payer = pick(random, [
    [65, 0],
    [8, 1032],
    [7, 1037],
    [6, 1],
    [4, 2001],
    [4, 1019],
    [3, 17],
    [3, 26],
  ]);
  const callbacks = pick(random, [
    [50, 'once'],
    [15, 'twice'],
    [10, 'parallel'],
    [15, 'none'],
    [10, 'garbage'],
  ]);
  const query = pick(random, [
    [60, '4999'],
    [30, '500'],
    [5, 'fails'],
    [5, 'html'],
  ]);
  const metadata = pick(random, [
    [80, undefined],
    [5, 'none'],
    [5, 'noreceipt'],
    [10, 'strings'],
  ]);
  const scenario = {
    name: `manners-${seed}`,
    ...reply,
    payer,
    callbacks,
    query,
    metadata,
    after: pick(random, [
      [70, 1],
      [20, 20],
      [10, 120],
    ]),
    callbackAfter: pick(random, [
      [75, 0],
      [15, 30],
      [10, 200],
    ]),
  };
  if (payer === 1032 && random() < 0.2) scenario.thenPays = 30;
  if (random() < 0.2) scenario.confirmsFirst = true;
  return scenario;
}
