import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Schema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}
interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * Writes the schemas of the objects for kubeconform to `folder`: those of Kubernetes from its OpenAPI document, and those
 * of custom resources from their definitions. Unknown fields are errors, as with strict validation of the API server.
 */
export function writeSchemas(
  folder: string,
  { swagger, definitions }: { readonly swagger: string; readonly definitions: readonly string[] },
): void {
  mkdirSync(folder, { recursive: true });
  const document = JSON.parse(readFileSync(swagger, 'utf8')) as {
    definitions: Readonly<Record<string, Schema>>;
  };
  const strict = mapValues(document.definitions, tighten);
  for (const [name, definition] of Object.entries(document.definitions))
    for (const kind of (definition['x-kubernetes-group-version-kind'] ?? []) as GroupVersionKind[])
      write(folder, kind, { definitions: closureOf(name, strict), $ref: `#/definitions/${name}` });
  for (const path of definitions.flatMap(listFiles)) {
    const { spec } = parse(readFileSync(path, 'utf8'), { maxAliasCount: -1 });
    for (const { name: version, schema } of spec.versions)
      write(folder, { group: spec.group, version, kind: spec.names.kind }, tighten(schema.openAPIV3Schema));
  }
}

function write(folder: string, { group, version, kind }: GroupVersionKind, schema: Schema): void {
  const name = [kind, group.split('.')[0], version].filter(Boolean).join('-').toLowerCase();
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(schema));
}

function listFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => /\.ya?ml$/.test(file))
    .map((file) => join(folder, file));
}

/** A definition and all that it refers to. */
function closureOf(start: string, all: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const found: Record<string, Schema> = {};
  const open = [start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const schema = all[name];
    if (found[name] || !schema) continue;
    found[name] = schema;
    open.push(
      ...[...JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, ref = '']) => ref),
    );
  }
  return found;
}

/** Refuses unknown fields of objects with known ones, and writes the types of Kubernetes as JSON Schema. */
function tighten(schema: Schema): Schema {
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string')
    return { type: ['integer', 'string'] };
  const { format: _, ...rest } = schema;
  const tight: Record<string, unknown> = { ...rest };
  if (String(schema.description).includes('fixed-point representation of a number'))
    return { type: ['string', 'number'] };
  if (schema.properties) {
    tight.properties = mapValues(schema.properties, tighten);
    if (!schema['x-kubernetes-preserve-unknown-fields'] && !schema.additionalProperties)
      tight.additionalProperties = false;
  }
  for (const key of ['items', 'additionalProperties'] as const)
    if (typeof schema[key] === 'object') tight[key] = tighten(schema[key] as Schema);
  for (const key of ['allOf', 'anyOf', 'oneOf', 'not'] as const) delete tight[key];
  return tight;
}

function mapValues<T>(object: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
