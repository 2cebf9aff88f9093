// The second pane of an operation: what it takes, what it answers, what goes wrong.
import { element, prose } from './dom.js';
import { resolved, schemaView } from './schema.js';

const method = (name) => element('span', { class: `method ${name}` }, name.toUpperCase());
export const badge = method;

function parameterList(openapi, parameters) {
  if (parameters.length === 0) return [];
  const rows = parameters.map((given) => {
    const { name, in: place, required, description, schema, deprecated } = resolved(openapi, given);
    const { properties, members } = {
      properties: { [name]: { ...resolved(openapi, schema), description } },
      members: required ? [name] : [],
    };
    const view = schemaView(openapi, { properties, required: members }).firstElementChild;
    view.firstElementChild.append(element('span', { class: 'note' }, place));
    if (deprecated) view.firstElementChild.append(element('span', { class: 'required' }, 'deprecated'));
    return view;
  });
  return [element('h2', {}, 'Parameters'), element('ul', { class: 'members' }, ...rows)];
}

function bodyView(openapi, body) {
  if (!body) return [];
  const types = Object.keys(body.content ?? {});
  const type = ['application/json', ...types].find((name) => types.includes(name));
  const schema = body.content[type]?.schema;
  return [
    element('h2', {}, 'Body'),
    element('p', { class: 'limits' }, types.join(' · '), body.required ? ' · required' : ''),
    ...(schema ? [schemaView(openapi, schema)] : [element('p', {}, 'The bytes of a file.')]),
  ];
}

function successView(openapi, status, response) {
  const [type, content] = Object.entries(response.content ?? {})[0] ?? [];
  const headers = Object.keys(response.headers ?? {});
  return [
    element('h3', {}, `${status} ${response.description.split('\n')[0]}`),
    ...(type ? [element('p', { class: 'limits' }, type)] : []),
    ...(content?.schema ? [schemaView(openapi, content.schema)] : []),
    ...(headers.length > 0 ? [element('p', { class: 'limits' }, 'Headers: ', headers.join(', '))] : []),
  ];
}

// Every code that the operation answers, with what a client does then. The rest that any operation may say is folded.
function problemsView(openapi, failures) {
  const rows = failures.flatMap(([status, given]) => {
    const examples = resolved(openapi, given).content?.['application/problem+json']?.examples ?? {};
    return Object.keys(examples).map((code) => ({ status, code, told: openapi['x-problems']?.[code] }));
  });
  if (rows.length === 0) return [];
  const line = ({ status, code, told }) =>
    element(
      'tr',
      {},
      element('td', {}, status),
      element(
        'td',
        {},
        element('a', { href: `/problems/${code}` }, element('code', {}, code)),
        element('br'),
        told?.title ?? '',
      ),
      element('td', {}, told?.action ?? ''),
      element('td', {}, told?.retriable ? 'yes' : 'no'),
    );
  const heads = ['Status', 'Code', 'Do', 'Retriable'].map((name) => element('th', { scope: 'col' }, name));
  return [
    element('h2', {}, 'Errors'),
    element(
      'details',
      { open: rows.length <= 12 },
      element('summary', {}, `${rows.length} codes, and what to do`),
      element(
        'div',
        { class: 'table', tabindex: '0', role: 'region', 'aria-label': 'Errors' },
        element(
          'table',
          {},
          element('thead', {}, element('tr', {}, ...heads)),
          element('tbody', {}, ...rows.map(line)),
        ),
      ),
    ),
  ];
}

// entry: { id, method, path, operation, event }; event: what the service sends itself, to a webhook.
export function operationView(openapi, entry) {
  const { operation } = entry;
  const responses = Object.entries(operation.responses ?? {});
  const isFailure = ([status]) => /^[45]/.test(status);
  return [
    element('h1', { tabindex: '-1' }, operation.summary ?? entry.id),
    element(
      'p',
      { class: 'address' },
      method(entry.method),
      element('code', {}, entry.event ?? entry.path),
      !entry.event && element('a', { href: '#try' }, 'Try it'),
    ),
    operation.deprecated && element('p', { class: 'fault' }, 'Deprecated: it will go.'),
    ...prose(operation.description),
    ...parameterList(openapi, operation.parameters ?? []),
    ...bodyView(openapi, operation.requestBody),
    element('h2', {}, 'Replies'),
    ...responses
      .filter((one) => !isFailure(one))
      .flatMap(([status, given]) => successView(openapi, status, resolved(openapi, given))),
    ...problemsView(openapi, responses.filter(isFailure)),
  ].filter(Boolean);
}
