// nodemailer under measurement; the counterpart of ours.cpp, whose head says which lines it takes.
import { once } from 'node:events';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import nodemailer from 'nodemailer';

const connections = Number(process.env.CONNECTIONS);
// nodemailer writes a mail in pieces and leaves Nagle's algorithm on: each mail would wait 40 ms for an acknowledgement that the server
// delays. That says nothing of what its work costs, so its sockets are given to it without.
async function connectWithoutDelay(port) {
  const connection = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(connection, 'connect');
  return { connection };
}
const transport = nodemailer.createTransport({
  host: '127.0.0.1',
  port: Number(process.env.SMTP_PORT),
  ignoreTLS: true,
  getSocket: ({ port }, done) => void connectWithoutDelay(port).then((socket) => done(null, socket), done),
  pool: true,
  maxConnections: connections,
  maxMessages: 1_000_000,
});

const rows = Array.from({ length: 8 }, (_, i) => `<tr><td>Sugar 1 kg, bag ${i}</td><td>KES 150.00</td></tr>`).join('');
const html = `<h1>Duka la Amina</h1><p>Asante, Amina – risiti № 10027.</p><table>${rows}</table><p><a href="https://duka.example/receipts/10027">Open</a></p>`;
const text = 'Duka la Amina\n\nAsante, Amina – risiti № 10027.\n\nhttps://duka.example/receipts/10027\n';

const send = () =>
  transport.sendMail({
    from: 'Duka la Amina <no-reply@duka.example>',
    to: 'amina@example.org',
    subject: 'Risiti yako № 10027',
    text,
    html,
    headers: { 'Auto-Submitted': 'auto-generated' },
  });

for await (const line of createInterface({ input: process.stdin })) {
  const mails = Number(line);
  const began = performance.now();
  let left = mails;
  const lane = async () => {
    while (left-- > 0) await send();
  };
  await Promise.all(Array.from({ length: connections }, lane));
  console.log(JSON.stringify({ mails, microseconds: Math.round((performance.now() - began) * 1_000) }));
}
transport.close();
