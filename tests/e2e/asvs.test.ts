// docs/guides/asvs.md: every requirement of ASVS 5.0's levels 1 and 2 stands there once, and a tick has its test.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { repository } from './support/environment.js';

const page = await readFile(path.join(repository, 'docs/guides/asvs.md'), 'utf8');
const rows = [...page.matchAll(/^\| (✓ )?(\d+\.\d+\.\d+) \| (.+?) \| (.*?) ?\| (.+) \|$/gm)].map(
  ([, tick, id, about, where, proof]) => ({ tick: tick !== undefined, id: id!, about, where: where!, proof: proof! }),
);
const ticked = rows.filter(({ tick }) => tick);

// How many the standard has at levels 1 and 2, chapter by chapter.
const counts = [27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7];

test('no requirement is left out, and none stands there twice', () => {
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  const found = counts.map((_, at) => rows.filter(({ id }) => id.startsWith(`${at + 1}.`)).length);
  expect(found).toEqual(counts);
});

test('what is not ticked says why', () => {
  for (const { id, tick, proof } of rows) if (!tick) expect(proof, id).toMatch(/^(no|does not apply): ./);
});

test('the sums are those of the rows', () => {
  const sums = [...page.matchAll(/^\| (?:ticked|not ticked|does not apply).*\| (\d+) \|$/gm)].map(([, sum]) =>
    Number(sum),
  );
  const without = (word: string) => rows.filter(({ proof }) => proof.startsWith(word)).length;
  expect(sums).toEqual([ticked.length, without('no: '), without('does not apply: ')]);
});

test.each(ticked)('$id: $about', async ({ proof, where }) => {
  expect(where).not.toBe('');
  const links = [...proof.matchAll(/\[(.+?)\]\(\.\.\/\.\.\/(\S+?)\)/g)];
  expect(links.length).toBeGreaterThan(0);
  for (const [, name, file] of links) {
    expect(file).toMatch(/(_test\.cpp|\.test\.ts)$/);
    const text = await readFile(path.join(repository, file!), 'utf8');
    if (path.basename(file!).replace(/(_test\.cpp|\.test\.ts)$/, '') !== name) expect(text, file).toContain(name);
  }
});
