// Runs beside every file of tests: a reply that the document does not know fails the test in which it came.
import { afterAll, afterEach } from 'vitest';
import { compareWhatFetchGets, comparisonsDone, takeDifferences } from './contract.js';

compareWhatFetchGets();

async function expectNoDifferences(): Promise<void> {
  await comparisonsDone();
  const found = takeDifferences();
  if (found.length > 0) throw new Error(`replies that the OpenAPI document does not know:\n  ${found.join('\n  ')}`);
}

afterEach(expectNoDifferences);
// What came in beforeAll, and what a server that was stopped has left in its log.
afterAll(expectNoDifferences);
