/* global document, sessionStorage */
// Who calls from this page: a token in this tab alone, which ends with it. In development the demo's people sign in with one press.
import { element } from './dom.js';

const kept = 'reader.account';
const listeners = [];
let account = JSON.parse(sessionStorage.getItem(kept) ?? 'null');

export const token = () => account?.token;
export const whenChanged = (listener) => listeners.push(listener);

function become(next) {
  account = next;
  if (next) sessionStorage.setItem(kept, JSON.stringify(next));
  else sessionStorage.removeItem(kept);
  document.getElementById('account').textContent = next ? `Sign out ${next.name}` : 'Sign in';
  for (const listener of listeners) listener();
}

async function signIn({ login, password }, { path, loginMember, tokenMember }, server) {
  const reply = await fetch(server + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    credentials: 'omit',
    body: JSON.stringify({ [loginMember]: login, password }),
  });
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.detail ?? answer.title);
  return answer[tokenMember];
}

// config: `people` and `signIn` of /docs/reader.json, both in development alone.
export function accountButton(config, server) {
  const button = document.getElementById('account');
  const dialog = document.getElementById('signing');
  const fault = element('p', { class: 'fault', role: 'alert' });
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
              done({ token: await signIn(login, config.signIn, server), name: login.role });
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
  button.addEventListener('click', () => {
    if (account) return become(null);
    fault.textContent = '';
    field.value = '';
    dialog.showModal();
  });
  become(account);
}
