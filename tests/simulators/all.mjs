// The providers of this directory in one process, for bin/dev: a line `NAME=VALUE` for each setting that is not set already, then
// `ready`. WhatsApp reports to the service on PORT (3000), and is left alone where the environment or .env says anything of it, or of
// prices.
//
//     PORT=3000 node tests/simulators/all.mjs
import { existsSync, readFileSync } from 'node:fs';

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

const isSet =
  Object.keys(process.env).some((name) => name.startsWith('WHATSAPP_') || name === 'SMS_PRICES') ||
  (existsSync('.env') && /^\s*(export\s+)?(WHATSAPP_|SMS_PRICES)/m.test(readFileSync('.env', 'utf8')));
if (!isSet) {
  const { start } = await import('./whatsapp.mjs');
  const settings = {
    WHATSAPP_PHONE_NUMBER_ID: '106540352242922',
    WHATSAPP_TOKEN: 'token-of-the-simulator',
    WHATSAPP_APP_SECRET: 'app_secret',
    WHATSAPP_VERIFY_TOKEN: 'verify-token-of-the-simulator',
  };
  const { port } = await start({
    appSecret: settings.WHATSAPP_APP_SECRET,
    callbackUrl: `http://127.0.0.1:${process.env.PORT || 3000}/v1/callbacks/sms/whatsapp`,
  });
  for (const [name, value] of Object.entries(settings)) console.log(`${name}=${value}`);
  console.log(`WHATSAPP_BASE_URL=http://127.0.0.1:${port}`);
}
console.log('ready');
