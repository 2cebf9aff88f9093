// The manifests of deploy/kubernetes: what the overlays render is valid to the last member, and keeps the rules below.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { repository } from '../e2e/support/environment.js';
import { containersOf, identity, type KubernetesObject, podOf, render, sameObjects } from './support/kustomize.js';

const execute = promisify(execFile);
const load = createRequire(import.meta.url);
const overlays = ['development', 'staging', 'production'] as const;
const folderOf = (overlay: string) => path.join(repository, 'deploy/kubernetes/overlays', overlay);
const rendered = new Map<string, KubernetesObject[]>();

beforeAll(async () => {
  for (const overlay of overlays) rendered.set(overlay, await render(folderOf(overlay)));
});

const named = (overlay: string, name: string) => {
  const found = rendered.get(overlay)!.find((object) => identity(object) === name);
  if (!found) throw new Error(`${overlay} has no ${name}`);
  return found;
};
const moduleOf = ({ apiVersion, kind }: { apiVersion: string; kind: string }) => {
  const models = apiVersion.startsWith('monitoring.') ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  return `${models}/${apiVersion}/${kind}`;
};

// Members that a type does not have are faults of an object literal, at any depth.
function faultsOf(objects: KubernetesObject[]): string[] {
  const kinds = [...new Map(objects.map((object) => [moduleOf(object), object.kind]))];
  const source = [
    ...kinds.map(([module, kind]) => `import type { I${kind} } from '${module}';`),
    ...objects.map((object, at) => `export const object${at}: I${object.kind} = ${JSON.stringify(object)};`),
  ].join('\n');
  const file = path.join(repository, 'tests/deploy/rendered.ts'); // of memory alone
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile: read } = host;
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  host.readFile = (name) => (name === file ? source : read.call(host, name));
  host.getSourceFile = (name, ...more) =>
    name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...more);
  const program = ts.createProgram([file], options, host);
  const found = [...program.getSyntacticDiagnostics(), ...program.getSemanticDiagnostics()];
  return found.map((fault) => ts.flattenDiagnosticMessageText(fault.messageText, '\n'));
}

describe('what the overlays render', () => {
  test('has no member that Kubernetes does not know, and no value that it refuses', () => {
    expect(faultsOf([...rendered.values()].flat())).toEqual([]);
    for (const object of [...rendered.values()].flat()) {
      const Model = load(moduleOf(object))[object.kind];
      expect(() => new Model(object).validate(), identity(object)).not.toThrow();
    }
  });

  test('would be refused with a member misspelt, however deep', () => {
    const server = structuredClone(named('production', 'Deployment/backend-api-server'));
    containersOf(server)[0].securityContext.readOnlyRootFileSystem = true;
    expect(faultsOf([server]).join()).toContain('readOnlyRootFileSystem');
    const monitor = structuredClone(named('production', 'ServiceMonitor/backend-api'));
    monitor.spec.endpoints[0].intervall = '15s';
    expect(faultsOf([monitor]).join()).toContain('intervall');
  });

  test('is what kubectl makes of it, where there is one', async (context) => {
    const made = await Promise.all(
      overlays.map((overlay) =>
        execute('kubectl', ['kustomize', folderOf(overlay)]).then(
          ({ stdout }) => stdout,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'ENOENT') return undefined;
            throw error;
          },
        ),
      ),
    );
    if (made.includes(undefined)) return context.skip();
    for (const [at, overlay] of overlays.entries()) {
      const theirs = parseAllDocuments(made[at]!).map((document) => document.toJS() as KubernetesObject);
      expect(sameObjects(rendered.get(overlay)!, theirs), overlay).toEqual([]);
    }
  });
});

describe.each(overlays)('%s', (overlay) => {
  const objects = () => rendered.get(overlay)!;
  const withPods = () => objects().filter((object) => podOf(object));

  test('runs as nobody, on a read-only root, without a capability', () => {
    expect(withPods().map(identity)).toEqual([
      'Deployment/backend-api-server',
      'Deployment/backend-api-worker',
      'Job/backend-api-migrate',
    ]);
    for (const object of withPods()) {
      const pod = podOf(object);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
      for (const name of ['hostNetwork', 'hostPID', 'hostIPC']) expect(pod).not.toHaveProperty(name);
      expect((pod.volumes ?? []).filter((volume: any) => 'hostPath' in volume)).toEqual([]);
      for (const container of containersOf(object)) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          privileged: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  test('has requests and limits, and images of a release', () => {
    for (const container of withPods().flatMap(containersOf)) {
      for (const bound of ['requests', 'limits'])
        expect(Object.keys(container.resources[bound])).toEqual(expect.arrayContaining(['cpu', 'memory']));
      expect(container.image).toMatch(/:[\w][\w.-]*$/);
      expect(container.image).not.toMatch(/:latest$/);
    }
    const images = withPods()
      .flatMap(containersOf)
      .map(({ image }) => image);
    expect(new Set(images).size, 'server, worker and migration are of one release').toBe(1);
  });

  test('has probes: the process, what it needs, and a minute to start', () => {
    for (const name of ['server', 'worker']) {
      const [container] = containersOf(named(overlay, `Deployment/backend-api-${name}`));
      const port = 'management';
      expect(container.ports.map((one: any) => one.name)).toContain(port);
      expect(container.livenessProbe.httpGet).toEqual({ path: '/health', port });
      expect(container.readinessProbe.httpGet).toEqual({ path: '/ready', port });
      expect(container.startupProbe.httpGet).toEqual({ path: '/health', port });
      expect(container.startupProbe.periodSeconds * container.startupProbe.failureThreshold).toBe(60);
      // What /ready waits for is bounded by a second.
      expect(container.readinessProbe.timeoutSeconds).toBeGreaterThan(1);
    }
  });

  test('gives a pod that ends the time that it asks for', () => {
    const settings = named(overlay, 'ConfigMap/backend-api-settings').data as Record<string, string>;
    const delay = Number(settings.SHUTDOWN_DELAY_MS) / 1000;
    const longest = Number(settings.SHUTDOWN_TIMEOUT_MS) / 1000;
    for (const name of ['server', 'worker']) {
      const pod = podOf(named(overlay, `Deployment/backend-api-${name}`));
      const { periodSeconds, failureThreshold } = pod.containers[0].readinessProbe;
      if (overlay !== 'development') expect(delay).toBeGreaterThan(periodSeconds * failureThreshold);
      // Requests end, then jobs do; what is left is for the log and the connections.
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(delay + 2 * longest + 5);
    }
  });

  test('never has fewer pods than before while it rolls out', () => {
    for (const name of ['server', 'worker'])
      expect(named(overlay, `Deployment/backend-api-${name}`).spec.strategy).toEqual({
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
      });
  });

  test('has settings that the program knows, and none that is a secret', async () => {
    const page = await readFile(path.join(repository, 'docs/configuration.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \|/gm)];
    const known = new Map(rows.map(([, name, type]) => [name!, type!]));
    const data = named(overlay, 'ConfigMap/backend-api-settings').data as Record<string, unknown>;
    for (const [name, value] of Object.entries(data)) {
      expect(known.has(name), `${name} is a setting`).toBe(true);
      expect(known.get(name), name).not.toContain('secret');
      expect(typeof value, name).toBe('string');
    }
    expect(data.APP_ENV).toBe(overlay === 'development' ? 'development' : 'production');
    for (const container of withPods().flatMap(containersOf)) expect(container).not.toHaveProperty('env');
    expect(objects().filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  test('gives the owner of the database to the migration alone', () => {
    const holders = withPods().filter((object) => JSON.stringify(object).includes('backend-api-owner'));
    expect(holders.map(identity)).toEqual(['Job/backend-api-migrate']);
  });

  test('selects what is there: services, monitors, policies, volumes', () => {
    const labelled = (selector: Record<string, string>) =>
      withPods().filter((object) =>
        Object.entries(selector).every(([name, value]) => object.spec.template.metadata.labels[name] === value),
      );
    for (const object of objects()) {
      if (object.kind === 'Service') {
        const behind = labelled(object.spec.selector).filter(({ kind }) => kind === 'Deployment');
        expect(behind.length, identity(object)).toBeGreaterThan(0);
        for (const port of object.spec.ports)
          for (const one of behind)
            expect(
              containersOf(one)[0].ports.map(({ name }: any) => name),
              identity(object),
            ).toContain(port.targetPort);
      }
      if (['NetworkPolicy', 'PodDisruptionBudget', 'Deployment'].includes(object.kind)) {
        const selector = (object.spec.podSelector ?? object.spec.selector).matchLabels;
        expect(labelled(selector).length, identity(object)).toBeGreaterThan(0);
      }
      if (object.kind === 'HorizontalPodAutoscaler') named(overlay, `Deployment/${object.spec.scaleTargetRef.name}`);
      for (const volume of podOf(object)?.volumes ?? [])
        if (volume.persistentVolumeClaim)
          named(overlay, `PersistentVolumeClaim/${volume.persistentVolumeClaim.claimName}`);
      for (const { configMapRef } of containersOf(object).flatMap(({ envFrom }) => envFrom ?? []))
        if (configMapRef) named(overlay, `ConfigMap/${configMapRef.name}`);
    }
    const names = objects().map((object) => object.metadata.labels?.['app.kubernetes.io/name']);
    expect(new Set(names)).toEqual(new Set(['backend-api']));
  });

  test('lets in the ingress controller and Prometheus, and keeps the way to the cloud’s metadata closed', () => {
    const policy = named(overlay, 'NetworkPolicy/backend-api').spec;
    expect(policy.policyTypes).toEqual(['Ingress', 'Egress']);
    const ports = policy.ingress.flatMap((rule: any) => rule.ports.map(({ port }: any) => port));
    expect(ports).toEqual([9090]);
    const open = policy.egress.flatMap((rule: any) => (rule.to ?? []).flatMap(({ ipBlock }: any) => ipBlock ?? []));
    expect(open.find(({ cidr }: any) => cidr === '0.0.0.0/0').except).toEqual(
      expect.arrayContaining(['169.254.0.0/16', '10.0.0.0/8', '127.0.0.0/8']),
    );
    const server = named(overlay, 'NetworkPolicy/backend-api-server').spec.ingress;
    expect(server).toHaveLength(1);
    expect(server[0].ports).toEqual([{ protocol: 'TCP', port: 8080 }]);
    expect(server[0].from[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'ingress-nginx' });
  });
});

describe.each(['staging', 'production'] as const)('%s, which has customers', (overlay) => {
  test('survives a node that is drained, and grows with CPU and with what waits', () => {
    for (const name of ['server', 'worker']) {
      expect(named(overlay, `PodDisruptionBudget/backend-api-${name}`).spec.maxUnavailable).toBe(1);
      const scaling = named(overlay, `HorizontalPodAutoscaler/backend-api-${name}`).spec;
      expect(scaling.minReplicas).toBeGreaterThanOrEqual(2);
      expect(scaling.maxReplicas).toBeGreaterThan(scaling.minReplicas);
      expect(scaling.metrics.map((metric: any) => metric.resource?.name ?? metric.external?.metric.name)).toEqual([
        'cpu',
        name === 'server' ? 'backend_api_request_wait_seconds' : 'backend_api_job_wait_seconds',
      ]);
      const deployment = named(overlay, `Deployment/backend-api-${name}`);
      expect(deployment.spec, 'the autoscaler alone says how many').not.toHaveProperty('replicas');
      expect(podOf(deployment).topologySpreadConstraints.map(({ topologyKey }: any) => topologyKey)).toEqual([
        'topology.kubernetes.io/zone',
        'kubernetes.io/hostname',
      ]);
    }
  });

  test('speaks TLS for the host of its PUBLIC_URL', () => {
    const { spec } = named(overlay, 'Ingress/backend-api');
    const url = new URL(named(overlay, 'ConfigMap/backend-api-settings').data.PUBLIC_URL);
    expect(url.protocol).toBe('https:');
    expect(spec.rules.map(({ host }: any) => host)).toEqual([url.host]);
    expect(spec.tls).toEqual([{ hosts: [url.host], secretName: 'backend-api-tls' }]);
  });
});

test('staging reaches no provider that moves money', () => {
  const settingsOf = (overlay: (typeof overlays)[number]) =>
    named(overlay, 'ConfigMap/backend-api-settings').data as Record<string, string>;
  expect(settingsOf('staging')).toMatchObject({ APP_ENV: 'production', PROVIDER_MODE: 'sandbox' });
  expect(settingsOf('development').PROVIDER_MODE).toBe('sandbox');
  expect(settingsOf('production').PROVIDER_MODE).toBe('live');
  // An address by hand goes before the mode.
  for (const overlay of overlays)
    expect(Object.keys(settingsOf(overlay)).filter((name) => name.endsWith('_BASE_URL'))).toEqual([]);
});
