import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';

/** The parts of JSON Schema, and of Kubernetes' extensions to it, that are used here. */
type Schema = {
  $ref?: string;
  type?: string;
  format?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
};

type CustomResourceDefinition = {
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; schema: { openAPIV3Schema: Schema } }[];
  };
};

const BIN = join(import.meta.dirname, 'bin');
/** Schemas, by the names under which kubeconform looks for them. */
const SCHEMAS = join(BIN, 'schemas');
/** Definitions of custom resources, as applied to an API server. */
const DEFINITIONS = join(BIN, 'crds');

/** The definitions taken from the modules in crds/go.mod. */
const CUSTOM = [
  {
    module: 'github.com/cert-manager/cert-manager',
    folder: 'deploy/crds',
    files: ['cert-manager.io_certificates.yaml', 'cert-manager.io_issuers.yaml'],
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator',
    folder: 'example/prometheus-operator-crd',
    files: [
      'monitoring.coreos.com_podmonitors.yaml',
      'monitoring.coreos.com_prometheusrules.yaml',
      'monitoring.coreos.com_servicemonitors.yaml',
    ],
  },
  {
    module: 'sigs.k8s.io/gateway-api',
    folder: 'config/crd/standard',
    files: ['gateway.networking.k8s.io_httproutes.yaml'],
  },
];

const REFERENCE = '#/definitions/';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

/** The folder with the files of a Go module. `tool`: the folder whose go.mod requires it. */
function moduleFolder(tool: string, path: string): string {
  const cwd = join(import.meta.dirname, tool);
  const env = { ...process.env, GOWORK: 'off', GOFLAGS: '-mod=mod' };
  execFileSync('go', ['mod', 'download', path], { cwd, env });
  return execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', path], {
    cwd,
    env,
    encoding: 'utf8',
  }).trim();
}

/**
 * Rejects unknown properties, and accepts what the API server accepts besides the declared type.
 */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict);
  if (typeof value !== 'object' || value === null) return value;
  const schema = value as Schema;
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') {
    return { type: ['integer', 'string'] };
  }
  const copy = Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, strict(part)]));
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] || schema.additionalProperties;
  if (typeof schema.properties === 'object' && schema.type === 'object' && !isOpen) {
    copy.additionalProperties = false;
  }
  return copy;
}

/** The definitions that a schema references, and those that they reference. */
function reachable(start: unknown, all: Record<string, Schema>): Record<string, Schema> {
  const found: Record<string, Schema> = {};
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { $ref } = value as Schema;
    const name = typeof $ref === 'string' ? $ref.slice(REFERENCE.length) : undefined;
    const definition = name === undefined ? undefined : all[name];
    if (name !== undefined && definition && !(name in found)) {
      found[name] = definition;
      visit(definition);
    }
    for (const part of Object.values(value)) visit(part);
  };
  visit(start);
  return found;
}

/**
 * Writes it under the name by which kubeconform looks for it: kind, first part of the group,
 * version.
 */
function write(kind: string, group: string, version: string, schema: object): void {
  const name = [kind, group.split('.')[0], version].filter(Boolean).join('-').toLowerCase();
  writeFileSync(join(SCHEMAS, `${name}.json`), JSON.stringify(schema));
}

/** Writes the schemas of all kinds that Kubernetes itself has. */
function writeKubernetes(): void {
  const file = join(
    moduleFolder('kubernetes', 'k8s.io/kubernetes'),
    'api/openapi-spec/swagger.json',
  );
  const read = JSON.parse(readFileSync(file, 'utf8')) as { definitions: Record<string, Schema> };
  const definitions = strict(read.definitions) as Record<string, Schema>;
  definitions[QUANTITY] = { type: ['string', 'number'] } as unknown as Schema;
  for (const [name, definition] of Object.entries(definitions)) {
    const [kind, ...others] = definition['x-kubernetes-group-version-kind'] ?? [];
    if (!kind || others.length > 0 || !definition.properties?.metadata) continue;
    const $ref = `${REFERENCE}${name}`;
    write(kind.kind, kind.group, kind.version, {
      $ref,
      definitions: reachable({ $ref }, definitions),
    });
  }
}

/** Writes the schema of every version of a custom resource. */
function writeCustom(text: string): void {
  const { spec } = loadYaml<CustomResourceDefinition>(text);
  for (const { name, schema } of spec.versions) {
    write(spec.names.kind, spec.group, name, strict(schema.openAPIV3Schema) as object);
  }
}

/**
 * Writes the schemas of Kubernetes and of custom resources, and the definitions of the latter.
 * Throws if a Go module is missing.
 */
export function writeSchemas(): void {
  for (const folder of [SCHEMAS, DEFINITIONS]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  writeKubernetes();
  for (const { module, folder, files } of CUSTOM) {
    const place = join(moduleFolder('crds', module), folder);
    for (const file of files) {
      const text = readFileSync(join(place, file), 'utf8');
      writeFileSync(join(DEFINITIONS, file), text);
      writeCustom(text);
    }
  }
}
