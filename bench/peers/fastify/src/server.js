// Two workers behind node:cluster. SIGTERM ends both.
import cluster from 'node:cluster';

const workers = Number(process.env.WORKERS ?? 2);

if (cluster.isPrimary) {
  for (let i = 0; i < workers; ++i) cluster.fork();
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill('SIGKILL');
    process.exit(0);
  });
} else {
  const { createApp } = await import('./app.js');
  const app = await createApp();
  await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
}
