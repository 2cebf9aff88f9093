// Stripe's form bodies and queries: `a[b]=c`, `a[0]=x`, `a[]=x`.
import { URLSearchParams } from 'node:url';

const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

function pathOf(name) {
  const head = name.split('[', 1)[0];
  const rest = [...name.slice(head.length).matchAll(/\[([^\]]*)\]/g)].map((match) => match[1]);
  return [head, ...rest];
}

function put(target, path, value) {
  const [key, ...rest] = path;
  if (forbidden.has(key)) return;
  if (rest.length === 0) {
    target[key] = value;
  } else if (rest[0] === '') {
    (target[key] ??= []).push(value);
  } else {
    put((target[key] ??= {}), rest, value);
  }
}

// Objects whose keys are 0, 1, 2, … are arrays.
function withArrays(value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(withArrays);
  const keys = Object.keys(value);
  const isArray = keys.length > 0 && keys.every((key, index) => key === String(index));
  if (isArray) return keys.map((key) => withArrays(value[key]));
  return Object.fromEntries(keys.map((key) => [key, withArrays(value[key])]));
}

export function parseForm(text) {
  const fields = {};
  for (const [name, value] of new URLSearchParams(text)) put(fields, pathOf(name), value);
  return withArrays(fields);
}
