// Who sells, and which till this is. A till is set up once, by somebody who may add devices; from then on it is known at each log-in.
import { type Location, unwrap } from 'backend-api-client';
import { form, h, put } from './dom.js';
import { till } from './till.js';

interface Credentials {
  email: string;
  password: string;
}

/** Calls `done` when somebody has signed in, at a till that is set up. */
export function logInForm(done: () => Promise<void>): HTMLElement {
  const place = h('div', { class: 'log-in' });
  askWho(place, done);
  return place;
}

const field = (id: string, label: string, attributes: Record<string, unknown>): [HTMLElement, HTMLInputElement] => {
  const input = h('input', { id, required: true, ...attributes });
  return [h('div', { class: 'field' }, h('label', { for: id }, label), input), input];
};

function askWho(place: HTMLElement, done: () => Promise<void>): void {
  const [emailField, email] = field('email', 'E-mail', { type: 'email', autocomplete: 'username' });
  const [passwordField, password] = field('password', 'Password', {
    type: 'password',
    autocomplete: 'current-password',
  });
  const logIn = async (): Promise<string | void> => {
    const credentials = { email: email.value.trim(), password: password.value };
    if (!credentials.email || !credentials.password) return 'Type your e-mail address and your password.';
    const reply = await till.api.logIn({ ...credentials, ...device() });
    if (reply.ok) return signedIn(place, credentials, reply.data, done);
    if (reply.error.code === 'auth.second_factor_required')
      return askCode(place, credentials, reply.error.challenge, done);
    return said(reply.error);
  };
  const { setup } = till;
  put(
    place,
    h('h1', {}, 'Till'),
    h(
      'p',
      {},
      setup ? `${setup.deviceName}, ${setup.locationName}` : 'Log in as owner or manager to set this till up.',
    ),
    form(logIn, emailField, passwordField, h('button', { class: 'primary' }, 'Log in')),
  );
  email.focus();
}

const device = (): { deviceId?: string } => (till.setup ? { deviceId: till.setup.deviceId } : {});

const said = ({ code, detail, title }: { code: string; detail?: string; title: string }): string =>
  code === 'client.no_answer' ? 'There is no connection.' : (detail ?? title);

function askCode(place: HTMLElement, credentials: Credentials, challenge: string, done: () => Promise<void>): void {
  const [codeField, code] = field('code', 'Code of your authenticator app', {
    inputmode: 'numeric',
    autocomplete: 'one-time-code',
  });
  const send = async (): Promise<string | void> => {
    const reply = await till.api.logInWithCode({ challenge, code: code.value.trim() });
    if (!reply.ok) return said(reply.error);
    return signedIn(place, credentials, reply.data, done);
  };
  put(place, h('h1', {}, 'Till'), form(send, codeField, h('button', { class: 'primary' }, 'Log in')));
  code.focus();
}

interface SignedIn {
  user: { id: string; name: string };
  tenant: { id: string; name: string; currency: string; timeZone: string };
}

async function signedIn(
  place: HTMLElement,
  credentials: Credentials,
  { user, tenant }: SignedIn,
  done: () => Promise<void>,
): Promise<string | void> {
  const { setup } = till;
  if (setup && setup.tenantId !== tenant.id) {
    await till.api.logOut();
    return 'This till belongs to another shop.';
  }
  const { id: userId, name: cashier } = user;
  const { name: shop, currency, timeZone } = tenant;
  // Until the service has said so.
  till.profile = { userId, maySell: false, cashier, shop, currency, timeZone };
  if (setup) {
    // A log-in by a code does not say it once more.
    const session = await till.api.session.load();
    if (session) await till.api.session.save({ ...session, deviceId: setup.deviceId });
    return enter(done);
  }
  await askWhichTill(place, credentials, tenant.id, done);
}

// What they may do here is known before anything is sold.
async function enter(done: () => Promise<void>): Promise<string | void> {
  const problem = await till.learnRights();
  if (!problem) return done();
  await till.api.logOut();
  return said(problem);
}

async function askWhichTill(
  place: HTMLElement,
  credentials: Credentials,
  tenantId: string,
  done: () => Promise<void>,
): Promise<void> {
  const locations: Location[] = [];
  for await (const location of till.api.list('/v1/locations')) if (location.active) locations.push(location);
  const where = h(
    'select',
    { id: 'location' },
    locations.map(({ id, code, name }) => h('option', { value: id }, `${code} – ${name}`)),
  );
  const [nameField, name] = field('name', 'Name of this till', { maxlength: 80, value: 'Counter' });
  const setUp = async (): Promise<string | void> => {
    const location = locations.find(({ id }) => id === where.value)!;
    const body = { locationId: location.id, name: name.value.trim(), kind: 'till' as const };
    const made = await till.api.post('/v1/devices', { body });
    if (!made.ok) return said(made.error);
    const { id: deviceId, deviceNumber, lastSeqSeen } = made.data;
    await till.queue.startNumbers(deviceId, lastSeqSeen);
    await till.keepSetup({
      deviceId,
      deviceNumber,
      deviceName: made.data.name,
      tenantId,
      locationId: location.id,
      locationCode: location.code,
      locationName: location.name,
    });
    // From now on as this till: only then may it number receipts.
    const reply = await till.api.logIn({ ...credentials, deviceId });
    if (reply.ok) {
      const wrong = await enter(done);
      // The till is there: what is missing is a log-in.
      if (wrong) askWho(place, done);
      return;
    }
    if (reply.error.code === 'auth.second_factor_required')
      return askCode(place, credentials, reply.error.challenge, done);
    await unwrap(reply);
  };
  put(
    place,
    h('h1', {}, 'Set this till up'),
    form(
      setUp,
      h('div', { class: 'field' }, h('label', { for: 'location' }, 'Where it stands'), where),
      nameField,
      h('button', { class: 'primary' }, 'Set up'),
    ),
  );
}
