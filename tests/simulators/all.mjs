// The payment providers of this directory in one process, for bin/dev: a line `NAME=URL` for each setting that is not set already, then
// `ready`.
//
//     node tests/simulators/all.mjs

const simulators = [
  ['MPESA_BASE_URL', 'daraja'],
  ['STRIPE_BASE_URL', 'stripe'],
  ['FLUTTERWAVE_BASE_URL', 'flutterwave'],
  ['PAYSTACK_BASE_URL', 'paystack'],
  ['PESAPAL_BASE_URL', 'pesapal'],
];

for (const [setting, name] of simulators) {
  if (process.env[setting]) continue;
  const { start } = await import(`./${name}.mjs`);
  const { port } = await start();
  console.log(`${setting}=http://127.0.0.1:${port}`);
}
console.log('ready');
