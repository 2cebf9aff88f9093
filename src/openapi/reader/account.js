/* global document */
// Who calls from this page: a token in this tab alone, which ends with it. In development the demo's people sign in with one press, and
// signing out ends that session at the service. A token that was typed belongs to a session of somebody else: it is forgotten.
import { element } from './dom.js';
import { jsonOf, tab } from './kept.js';
import { begin, end, renewed } from './session.js';

const kept = 'reader.account';
const listeners = [];
let service; // { signIn, server }
let account = jsonOf(tab.get(kept)); // { token, name, refresh? }
if (typeof account?.token !== 'string') account = null;

export const token = () => account?.token;
export const whenChanged = (listener) => listeners.push(listener);

// left: somebody has signed out.
function become(next, left = false) {
  account = next;
  tab.set(kept, next && JSON.stringify(next));
  const out = next?.refresh ? `Sign out ${next.name}` : 'Forget token';
  document.getElementById('account').textContent = next ? out : 'Sign in';
  for (const listener of listeners) listener(left);
}

// A refresh token serves once, so whoever needs a new one while one is asked for waits for that.
let renewal; // { of, done }: the account after it, null when its session is over, undefined when that is not known
function renewalOf(old) {
  if (renewal?.of === old) return renewal.done;
  const asked = async () => {
    try {
      return { ...old, ...(await renewed(old, service.signIn, service.server)) };
    } catch (error) {
      if (renewal.of === old) renewal = undefined;
      return error.status === 401 ? null : undefined;
    }
  };
  renewal = { of: old };
  renewal.done = asked();
  return renewal.done;
}

// A token of this page's own session that has run out: true when there is a new one. Who has signed out meanwhile, or is somebody
// else, stays so.
export async function renew() {
  const old = account;
  if (!old?.refresh) return false;
  const next = await renewalOf(old);
  if (next !== undefined && account === old) become(next);
  return Boolean(next) && account === next;
}

// config: `people` and `signIn` of /docs/reader.json, both in development alone.
export function accountButton(config, server) {
  const button = document.getElementById('account');
  const dialog = document.getElementById('signing');
  const fault = element('p', { class: 'fault', role: 'alert' });
  service = { signIn: config.signIn, server };
  const done = (next) => {
    become(next);
    dialog.close();
  };
  const people = (config.people ?? []).map((login) =>
    element(
      'li',
      {},
      element(
        'button',
        {
          type: 'button',
          onclick: async () => {
            try {
              done({ ...(await begin(login, config.signIn, server)), name: login.role });
            } catch (error) {
              fault.textContent = `That did not work: ${error.message}`;
            }
          },
        },
        `As ${login.role}`,
        element('small', {}, login.login),
      ),
    ),
  );
  const field = element('input', { id: 'token', type: 'password', autocomplete: 'off', spellcheck: 'false' });
  const form = element(
    'form',
    {
      onsubmit: (event) => {
        event.preventDefault();
        const value = field.value.trim().replace(/^bearer\s+/i, '');
        if (value) done({ token: value, name: '' });
      },
    },
    element('label', { for: 'token' }, 'Access token'),
    field,
    element('button', {}, 'Use this token'),
  );
  dialog.replaceChildren(
    element('h2', { id: 'signing-title' }, 'Who calls'),
    people.length > 0 && element('p', {}, 'The people of the demo shop. They are here in development alone.'),
    people.length > 0 && element('ul', { class: 'people' }, ...people),
    element('p', {}, 'A token stays in this tab, until it is closed or you sign out.'),
    form,
    fault,
    element('button', { type: 'button', onclick: () => dialog.close() }, 'Close'),
  );
  for (const child of [...dialog.childNodes]) if (child.nodeType === 3) child.remove(); // of what was not there
  const ask = (text = '') => {
    fault.textContent = text;
    field.value = '';
    dialog.showModal();
  };
  button.addEventListener('click', async () => {
    if (!account) return ask();
    const left = account;
    become(null, true);
    if (!left.refresh) return;
    try {
      const renewed = renewal?.of === left && (await renewal.done);
      await end(renewed || left, config.signIn, server);
    } catch (error) {
      ask(`You are signed out here, but the service has not ended the session: ${error.message}`);
    }
  });
  become(account);
}
