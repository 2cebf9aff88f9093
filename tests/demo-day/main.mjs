// The command line of bin/demo-day.
import { parseArgs } from 'node:util';
import { playDay } from './demo-day.mjs';

// The demo shop's logins, as bin/dev prints them.
const demoOwner = 'owner@demo.example';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:3000' },
    email: { type: 'string', default: demoOwner },
    password: { type: 'string', default: 'demo-shop-2026' },
    sales: { type: 'string', default: '450' },
    minute: { type: 'string', default: '40' },
  },
});

const { isTTY } = process.stdout;
let last = '';

/** One line that is written over; without a terminal, one an hour. @param {string} line */
function progress(line) {
  if (isTTY) {
    const width = process.stdout.columns || 80;
    process.stdout.write(`\r${line.slice(0, width - 1).padEnd(width - 1)}`);
  } else if (line.slice(0, 2) !== last.slice(0, 2)) {
    console.log(line);
  }
  last = line;
}

try {
  const balanced = await playDay({
    url: values.url,
    email: values.email,
    password: values.password,
    tillEmail: values.email === demoOwner ? 'cashier@demo.example' : values.email,
    sales: Number(values.sales),
    minuteMs: Number(values.minute),
    progress,
    print: console.log,
  });
  process.exitCode = balanced ? 0 : 1;
} catch (error) {
  const failure = /** @type {Error & {code?: string}} */ (error);
  const refused = failure.code === 'ECONNREFUSED';
  console.error(
    refused ? `Nothing answers at ${values.url}: start bin/dev first, or name the service with --url` : failure.message,
  );
  process.exitCode = 1;
}
