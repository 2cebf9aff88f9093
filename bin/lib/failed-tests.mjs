// Prints the failed tests of Vitest's JSON report: file, name and the first line of what went wrong.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const firstLine = (text = '') => stripVTControlCharacters(text).split('\n')[0].slice(0, 600);
for (const { name, status, message, assertionResults } of testResults) {
  const file = path.relative('.', name);
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failed)
    console.log(`    ${file}: ${fullName}\n      ${firstLine(failureMessages[0])}`);
  if (failed.length === 0 && status === 'failed') console.log(`    ${file}: ${firstLine(message) || 'a hook'}`);
}
