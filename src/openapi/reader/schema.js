// A schema of the document as a list of members that open when they are asked for.
//
//     schemaView(openapi, { $ref: '#/components/schemas/Sale' }, { reads: true })
import { element, inline, prose } from './dom.js';

export function resolved(openapi, value) {
  let at = value;
  while (at?.$ref)
    at = at.$ref
      .slice(2)
      .split('/')
      .reduce((within, part) => within?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], openapi);
  return at ?? {};
}

const nameOf = (schema) => schema?.$ref?.split('/').at(-1);
const list = (value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
// What may be null is a choice of two for the document, and one thing for who reads.
const choices = (schema) => (schema.anyOf ?? schema.oneOf ?? []).filter((one) => one.type !== 'null');
const mayBeNull = (schema) =>
  list(schema.type).includes('null') || (schema.anyOf ?? schema.oneOf ?? []).some((one) => one.type === 'null');

function typeOf(openapi, given) {
  const schema = resolved(openapi, given);
  const of = choices(schema);
  if (of.length === 1) return `${typeOf(openapi, of[0])} or null`;
  const named = nameOf(given);
  if (of.length > 1) return named ?? of.map((one) => typeOf(openapi, one)).join(' | ');
  const types = list(schema.type).filter((type) => type !== 'null');
  let text = types.join(' | ') || (schema.enum ? 'string' : 'any');
  if (types.includes('array')) text = `array of ${typeOf(openapi, schema.items ?? {})}`;
  else if (types.includes('object') && named) text = named;
  else if (schema.format && schema.format !== 'int64') text = schema.format;
  return mayBeNull(schema) ? `${text} or null` : text;
}

function limitsOf(schema) {
  const range = (low, high, unit) => {
    if (low === undefined && high === undefined) return [];
    if (low === high) return [`${low}${unit}`];
    if (high === undefined) return [`${low}${unit} at least`];
    return [low ? `${low} to ${high}${unit}` : `${high}${unit} at most`];
  };
  const small = (value) => (Math.abs(value ?? 0) >= 9007199254740991 ? undefined : value);
  return [
    ...range(schema.minLength, schema.maxLength, ' characters'),
    ...range(schema.minItems, schema.maxItems, ' items'),
    ...range(small(schema.minimum), small(schema.maximum), ''),
    ...(schema.uniqueItems ? ['each once'] : []),
    ...(schema.pattern ? [`pattern ${schema.pattern}`] : []),
    ...(schema.default !== undefined ? [`default ${JSON.stringify(schema.default)}`] : []),
  ];
}

// The object whose members there are to see behind arrays and nulls.
function inside(openapi, given) {
  const schema = resolved(openapi, given);
  const of = choices(schema);
  if (of.length === 1) return inside(openapi, of[0]);
  if (schema.items) return inside(openapi, schema.items);
  return schema.properties || of.length > 1 ? given : undefined;
}

function member(openapi, name, given, required, level) {
  const schema = resolved(openapi, given);
  const values = schema.enum ?? (schema.const !== undefined ? [schema.const] : []);
  const row = element(
    'li',
    { class: 'member' },
    element(
      'p',
      { class: 'member-head' },
      element('code', { class: 'member-name' }, name),
      element('span', { class: 'type' }, typeOf(openapi, given)),
      required && element('span', { class: 'required' }, 'required'),
      schema.readOnly && element('span', { class: 'note' }, 'read only'),
      schema.writeOnly && element('span', { class: 'note' }, 'write only'),
      schema.deprecated && element('span', { class: 'required' }, 'deprecated'),
    ),
    ...prose(given.description ?? schema.description),
  );
  const limits = limitsOf(schema);
  if (limits.length > 0) row.append(element('p', { class: 'limits' }, limits.join(' · ')));
  if (values.length > 0)
    row.append(
      element(
        'p',
        { class: 'limits' },
        'one of ',
        ...values.flatMap((value, at) => [at > 0 && ', ', element('code', {}, String(value))]),
      ),
    );
  const deeper = inside(openapi, given);
  if (deeper && level < 8) row.append(folded(openapi, deeper, level + 1));
  return row;
}

// Drawn when it is opened: schemas refer to each other.
function folded(openapi, given, level) {
  const within = element('details', {}, element('summary', {}, `Members of ${nameOf(given) ?? 'it'}`));
  within.addEventListener(
    'toggle',
    () => within.open && within.children.length === 1 && within.append(schemaView(openapi, given, level)),
    { once: true },
  );
  return within;
}

export function schemaView(openapi, given, level = 0) {
  const schema = resolved(openapi, given);
  const of = choices(schema);
  if (of.length === 1) return schemaView(openapi, of[0], level);
  if (of.length > 1)
    return element(
      'ul',
      { class: 'members' },
      ...of.map((one, number) => member(openapi, nameOf(one) ?? `choice ${number + 1}`, one, false, level)),
    );
  if (schema.items && inside(openapi, schema.items))
    return element(
      'div',
      {},
      element('p', { class: 'limits' }, typeOf(openapi, given)),
      schemaView(openapi, schema.items, level),
    );
  if (!schema.properties)
    return element(
      'p',
      {},
      element('span', { class: 'type' }, typeOf(openapi, given)),
      ' ',
      ...inline(schema.description ?? ''),
    );
  const required = new Set(schema.required ?? []);
  return element(
    'ul',
    { class: 'members' },
    ...Object.entries(schema.properties).map(([name, one]) => member(openapi, name, one, required.has(name), level)),
  );
}
