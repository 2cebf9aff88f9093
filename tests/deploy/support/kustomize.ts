// What `kubectl kustomize` makes of an overlay, as far as ours go: `resources`, `images`, `replicas` and `patches`. Anything else in a
// kustomization is refused, so that nothing is overlooked.
//
//     const objects = await render('deploy/kubernetes/overlays/production');
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [member: string]: any;
}

interface Patch {
  path?: string;
  patch?: string;
  target?: { kind?: string; name?: string };
}

interface Kustomization {
  apiVersion: string;
  kind: string;
  resources: string[];
  images?: { name: string; newName?: string; newTag?: string }[];
  replicas?: { name: string; count: number }[];
  patches?: Patch[];
}

const known = ['apiVersion', 'kind', 'resources', 'images', 'replicas', 'patches'];
const workloads = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController'];

export async function render(folder: string): Promise<KubernetesObject[]> {
  const kustomization = parse(await readFile(path.join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const unknown = Object.keys(kustomization).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`${folder}: ${unknown.join(', ')} is not rendered here`);
  let objects: KubernetesObject[] = [];
  for (const resource of kustomization.resources) {
    const at = path.join(folder, resource);
    objects.push(...(/\.ya?ml$/.test(resource) ? await documents(at) : await render(at)));
  }
  const named = objects.map(identity);
  const twice = named.find((name, at) => named.indexOf(name) !== at);
  if (twice) throw new Error(`${folder}: ${twice} is there twice`);
  for (const patch of kustomization.patches ?? []) objects = await patched(folder, objects, patch);
  for (const { name, count } of kustomization.replicas ?? []) {
    const found = objects.filter((object) => workloads.includes(object.kind) && object.metadata.name === name);
    if (found.length === 0) throw new Error(`${folder}: there is no ${name} to have ${count} replicas`);
    for (const object of found) object.spec.replicas = count;
  }
  for (const image of kustomization.images ?? []) {
    const containers = objects.flatMap(containersOf).filter((container) => nameOfImage(container.image) === image.name);
    if (containers.length === 0) throw new Error(`${folder}: no container has the image ${image.name}`);
    for (const container of containers) {
      const tag = container.image.slice(image.name.length + 1);
      container.image = `${image.newName ?? image.name}:${image.newTag ?? tag}`;
    }
  }
  return objects;
}

export const identity = (object: KubernetesObject) => `${object.kind}/${object.metadata.name}`;

export const podOf = (object: KubernetesObject): any => object.spec?.template?.spec;

export const containersOf = (object: KubernetesObject): any[] => podOf(object)?.containers ?? [];

const nameOfImage = (image: string) => image.replace(/:[^:/]*$/, '');

async function documents(file: string): Promise<KubernetesObject[]> {
  const text = await readFile(file, 'utf8');
  return parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}`);
    return document.toJS() as KubernetesObject;
  });
}

async function patched(folder: string, objects: KubernetesObject[], patch: Patch): Promise<KubernetesObject[]> {
  const text = patch.patch ?? (await readFile(path.join(folder, patch.path!), 'utf8'));
  const changes: unknown = parse(text);
  const target = patch.target ?? {
    kind: (changes as KubernetesObject).kind,
    name: (changes as KubernetesObject).metadata.name,
  };
  const isMeant = (object: KubernetesObject) =>
    (target.kind ?? object.kind) === object.kind && (target.name ?? object.metadata.name) === object.metadata.name;
  if (!objects.some(isMeant))
    throw new Error(`${folder}: a patch is of ${target.kind} ${target.name}, which is not there`);
  if (Array.isArray(changes)) {
    for (const object of objects.filter(isMeant)) for (const change of changes) apply(object, change as Operation);
    return objects;
  }
  if ((changes as any).$patch === 'delete') return objects.filter((object) => !isMeant(object));
  return objects.map((object) => {
    if (!isMeant(object)) return object;
    const { metadata, ...rest } = changes as KubernetesObject;
    return merged(object, { ...rest, metadata: { ...metadata, name: object.metadata.name } }) as KubernetesObject;
  });
}

interface Operation {
  op: 'add' | 'remove' | 'replace';
  path: string;
  value?: unknown;
}

// RFC 6902, section 4.
function apply(object: any, { op, path: pointer, value }: Operation): void {
  const steps = pointer
    .slice(1)
    .split('/')
    .map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'));
  const last = steps.pop()!;
  const parent = steps.reduce((at, step) => at?.[step], object);
  if (parent === undefined || (op !== 'add' && !(last in parent)))
    throw new Error(`${identity(object)} has no ${pointer}`);
  if (Array.isArray(parent))
    parent.splice(
      last === '-' ? parent.length : Number(last),
      op === 'add' ? 0 : 1,
      ...(op === 'remove' ? [] : [value]),
    );
  else if (op === 'remove') delete parent[last];
  else parent[last] = value;
}

// A strategic merge: maps by member, lists of named things by name, other lists as a whole; null takes away.
function merged(into: any, change: any): any {
  if (Array.isArray(change)) {
    const isNamed = [...(into ?? []), ...change].every((item) => typeof item?.name === 'string');
    if (!Array.isArray(into) || !isNamed) return change;
    const added = change.filter((item) => !into.some(({ name }: any) => name === item.name));
    return [...into.map((item) => merged(item, change.find(({ name }) => name === item.name) ?? {})), ...added];
  }
  if (typeof change !== 'object' || change === null) return change;
  const result = { ...(typeof into === 'object' && into !== null ? into : {}) };
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

// By name, whatever the order.
export function sameObjects(one: KubernetesObject[], other: KubernetesObject[]): string[] {
  const byName = new Map(other.map((object) => [identity(object), object]));
  const names = new Set([...one, ...other].map(identity));
  const ones = new Map(one.map((object) => [identity(object), object]));
  return [...names].filter((name) => !isDeepStrictEqual(ones.get(name), byName.get(name)));
}
