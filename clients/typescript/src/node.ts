// The package as Node takes it: Node 18 has no global `crypto`.
import { webcrypto } from 'node:crypto';
import { setRandomSource } from './ids.js';

setRandomSource((bytes) => webcrypto.getRandomValues(bytes));

export * from './index.js';
