// What the tests are told from outside (bin/with-servers and bin/test set all of it).
import path from 'node:path';
import { fileURLToPath } from 'node:url';

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests through bin/test, or bin/with-servers npx vitest run`);
  return value;
}

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

export const environment = {
  // A superuser's URL of a scratch PostgreSQL server.
  get postgresUrl(): string {
    return required('TEST_POSTGRES_URL');
  },
  get redisUrl(): string {
    return required('TEST_REDIS_URL');
  },
  // The directory of initdb, pg_ctl and their like.
  get postgresBin(): string {
    return required('TEST_POSTGRES_BIN');
  },
  get binary(): string {
    return process.env.BACKEND_API_BINARY ?? path.join(repository, 'build/dev/pos/backend-api');
  },
  // bin/test --long
  long: process.env.BACKEND_API_LONG === '1',
  // Whether the pages are photographed for docs/pictures/.
  pictures: process.env.BACKEND_API_PICTURES === '1',
  // Whether what the demo shop answers is written down for the document's examples.
  record: process.env.BACKEND_API_RECORD === '1',
};

// What a program of bin/example-* inherits: no more than it needs to run, what the sanitizers read and which build it is.
export function exampleEnvironment(): NodeJS.ProcessEnv {
  const names = /^(PATH|HOME|LANG|TMPDIR|BACKEND_API_BUILD_ROOT|EXAMPLE_PRESET|.*SAN_.*)$/;
  return {
    EXAMPLE_PRESET: environment.long ? 'release' : 'dev',
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name))),
  };
}
