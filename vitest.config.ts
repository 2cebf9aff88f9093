import { defineConfig } from 'vitest/config';

// The real binary against real servers, which come from bin/with-servers. Two files at a time: most wait for what they have started,
// and each has its own database, and its own Redis where it empties or stops it. The long runs measure, so they are by themselves.
const isLong = Boolean(process.env.BACKEND_API_LONG);

export default defineConfig({
  test: {
    include: ['tests/e2e/**/*.test.ts', 'tests/deploy/**/*.test.ts'],
    setupFiles: ['tests/e2e/support/contract-setup.ts'],
    pool: 'forks',
    poolOptions: { forks: { singleFork: isLong, minForks: 1, maxForks: 2 } },
    fileParallelism: !isLong,
    // The binary under test may carry AddressSanitizer, which makes it about three times slower, and the machine may be busy with
    // something else. What a test waits for has a shorter deadline of its own, which says what did not come.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 20_000,
    // Of `expect.poll`, whose second is too short for a busy machine.
    expect: { poll: { timeout: 30_000, interval: 50 } },
    reporters: ['default'],
    // A failed test says the whole value in its first line, which is all that bin/test shows at its end.
    chaiConfig: { truncateThreshold: 0 },
    // What ioredis says, outside of any promise, of connections whose server a test has killed: thousands of lines.
    onConsoleLog: (text) => !text.includes('[ioredis] Unhandled error event'),
  },
});
