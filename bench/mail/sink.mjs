// An SMTP server that takes every mail and keeps none: what both sides are measured against. Says its port, then how many mails it has
// taken for each line it reads.
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

let mails = 0;

function serve(socket) {
  let unread = '';
  let inMail = false;
  const takeMail = () => {
    const end = unread.indexOf('\r\n.\r\n');
    // The end may come in two pieces.
    if (end < 0) unread = unread.slice(-4);
    if (end < 0) return false;
    unread = unread.slice(end + 5);
    inMail = false;
    ++mails;
    socket.write('250 2.0.0 taken\r\n');
    return true;
  };
  const takeLine = () => {
    const end = unread.indexOf('\r\n');
    if (end < 0) return false;
    const verb = unread.slice(0, 4).toUpperCase();
    unread = unread.slice(end + 2);
    inMail = verb === 'DATA';
    socket.write(verb === 'EHLO' ? '250-sink\r\n250 SIZE 10000000\r\n' : inMail ? '354 go on\r\n' : '250 2.0.0 ok\r\n');
    if (verb === 'QUIT') socket.end();
    return true;
  };
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (text) => {
    unread += text;
    while (inMail ? takeMail() : takeLine());
  });
  socket.write('220 sink\r\n');
}

const server = createServer(serve).listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address().port)));
const lines = createInterface({ input: process.stdin });
lines.on('line', () => console.log(JSON.stringify(mails)));
lines.on('close', () => process.exit(0));
