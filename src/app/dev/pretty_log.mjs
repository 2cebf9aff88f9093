#!/usr/bin/env node
// The server's log as a person reads it: a request in one line. Reads the JSON lines on its standard input.
//
//     build/local/pos/backend-api serve | src/app/dev/pretty_log.mjs
//
// pino-pretty as a library, since its command needs a newer Node than Debian 12 has. Without it the lines stay as they are.

const options = {
  colorize: process.stdout.isTTY,
  singleLine: true,
  messageFormat: '{if req.method}{req.method} {req.url} {res.statusCode} {responseTime} ms, {end}{msg}',
  // What the line above says already, or who looks for it has in the JSON.
  ignore: 'pid,hostname,req,res,route,responseTime,trace_id,span_id,clientAddress,userId,tenantId',
};

// Ctrl-C is for the server: what it says on its way out is still shown.
process.on('SIGINT', () => {});

try {
  const { default: pretty } = await import('pino-pretty');
  process.stdin.pipe(pretty(options));
} catch {
  process.stdin.pipe(process.stdout);
}
