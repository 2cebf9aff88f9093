import { defineConfig } from 'vitest/config';

// The real binary against real servers: one file after another in one process, so that figures and logs stay readable
// and two cores are not fought over. The servers come from bin/with-servers.
export default defineConfig({
  test: {
    include: ['tests/e2e/**/*.test.ts', 'tests/deploy/**/*.test.ts'],
    setupFiles: ['tests/e2e/support/contract-setup.ts'],
    pool: 'forks',
    poolOptions: { forks: { singleFork: true } },
    fileParallelism: false,
    // The binary under test may carry AddressSanitizer, which makes it about three times slower, and the machine may be busy with
    // something else. What a test waits for has a shorter deadline of its own, which says what did not come.
    testTimeout: 90_000,
    hookTimeout: 180_000,
    teardownTimeout: 20_000,
    reporters: ['default'],
    // What ioredis says, outside of any promise, of connections whose server a test has killed: thousands of lines.
    onConsoleLog: (text) => !text.includes('[ioredis] Unhandled error event'),
  },
});
