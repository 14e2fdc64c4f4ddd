import { z } from 'zod';
import { IMAGE_NAMES } from '../../../src/shared/contract/compare-request.js';

/** What a value of the API looks like. */
export type Shape =
  | {
      readonly kind: 'plain';
      readonly name: 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'unknown';
    }
  | { readonly kind: 'choice'; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: 'list' | 'map'; readonly of: Shape }
  | { readonly kind: 'union'; readonly of: readonly Shape[] }
  | { readonly kind: 'named'; readonly name: string }
  /** A photo of a request: clients also accept bytes, files and streams. */
  | { readonly kind: 'photo' };

export interface Field {
  readonly name: string;
  readonly shape: Shape;
  readonly isOptional: boolean;
  readonly description?: string | undefined;
}

/** A type with a name of its own: `fields` of an object beside those of its `bases`, or the `shape` of anything else. */
export interface NamedType {
  readonly name: string;
  readonly description?: string | undefined;
  readonly bases?: readonly string[];
  readonly fields?: readonly Field[];
  readonly shape?: Shape;
}

interface Schema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly const?: string | number | boolean | undefined;
  readonly enum?: readonly (string | number | boolean)[] | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
  readonly allOf?: readonly Schema[] | undefined;
  readonly items?: Schema | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: Schema | boolean | undefined;
}

const schemaSchema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    description: z
      .string()
      .transform((text) => text.replace(/\s+/g, ' ').trim())
      .optional(),
    const: constantSchema.optional(),
    enum: z.array(constantSchema).optional(),
    anyOf: z.array(schemaSchema).optional(),
    oneOf: z.array(schemaSchema).optional(),
    allOf: z.array(schemaSchema).optional(),
    items: schemaSchema.optional(),
    properties: z.record(z.string(), schemaSchema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([schemaSchema, z.boolean()]).optional(),
  }),
);
const constantSchema = z.union([z.string(), z.number(), z.boolean()]);
const documentSchema = z.object({
  components: z.object({ schemas: z.record(z.string(), schemaSchema) }),
});

/**
 * Returns the types of an OpenAPI document's schemas and of `more`, which can refer to them, each after those that it
 * mentions. An object inside another gets the name of its place: `FaceEvidenceBox`.
 * @throws Error if the text is no OpenAPI document, or a schema uses what this function does not know.
 */
export function readSchemas(
  document: string,
  more: Readonly<Record<string, unknown>> = {},
): readonly NamedType[] {
  const { components } = documentSchema.parse(JSON.parse(document));
  const schemas = { ...components.schemas, ...z.record(z.string(), schemaSchema).parse(more) };
  const types = new Map<string, NamedType>();
  const define = (name: string, schema: Schema): void => {
    const shapeOf = (inner: Schema, place: string): Shape => readShape(inner, { place, define });
    const { description } = schema;
    if (!isObject(schema)) {
      types.set(name, { name, description, shape: shapeOf(schema, name) });
      return;
    }
    const parts = schema.allOf ?? [schema];
    const bases = parts.flatMap(({ $ref }) => ($ref ? [nameIn($ref)] : []));
    const fields = parts.flatMap(({ properties = {}, required = [] }) =>
      Object.entries(properties).map(
        ([field, inner]): Field => ({
          name: field,
          shape: isPhoto(field, inner) ? { kind: 'photo' } : shapeOf(inner, `${name}${pascalCase(field)}`),
          isOptional: !required.includes(field),
          description: inner.description,
        }),
      ),
    );
    types.set(name, { name, description, fields, ...(bases.length > 0 ? { bases } : {}) });
  };
  for (const [name, schema] of Object.entries(schemas)) define(name, schema);
  return inOrder(types);
}

interface Place {
  /** Name for an object that has none. */
  readonly place: string;
  readonly define: (name: string, schema: Schema) => void;
}

function readShape(schema: Schema, { place, define }: Place): Shape {
  const choices = schema.anyOf ?? schema.oneOf;
  if (schema.$ref) return { kind: 'named', name: nameIn(schema.$ref) };
  if (choices) {
    const of = choices.map((choice, index) => readShape(choice, { place: `${place}${index + 1}`, define }));
    return { kind: 'union', of };
  }
  if (schema.const !== undefined) return { kind: 'choice', values: [schema.const] };
  if (schema.enum) return { kind: 'choice', values: schema.enum };
  if (typeof schema.type === 'object') {
    const of = schema.type.map((type) => readShape({ ...schema, type }, { place, define }));
    return { kind: 'union', of };
  }
  if (schema.type === 'array')
    return { kind: 'list', of: readShape(schema.items ?? {}, { place: `${place}Item`, define }) };
  if (isObject(schema)) {
    define(place, schema);
    return { kind: 'named', name: place };
  }
  if (schema.type === 'object') return readMap(schema, { place, define });
  const plain = plainSchema.safeParse(schema.type ?? 'unknown');
  if (!plain.success) throw new Error(`${place}: a schema that readSchemas does not know: ${schema.type}`);
  return { kind: 'plain', name: plain.data };
}

const plainSchema = z.enum(['string', 'number', 'integer', 'boolean', 'null', 'unknown']);

/** True if the schema names the fields of an object. */
function isObject({ properties, allOf }: Schema): boolean {
  return properties !== undefined || allOf !== undefined;
}

function nameIn(reference: string): string {
  return reference.replace(/^.*\//, '');
}

function readMap(schema: Schema, { place, define }: Place): Shape {
  if (typeof schema.additionalProperties !== 'object') return { kind: 'plain', name: 'object' };
  return { kind: 'map', of: readShape(schema.additionalProperties, { place: `${place}Value`, define }) };
}

function isPhoto(field: string, { type }: Schema): boolean {
  return type === 'string' && IMAGE_NAMES.some((name) => name === field);
}

function pascalCase(name: string): string {
  return name.replace(/(?:^|_)(.)/g, (_match, letter: string) => letter.toUpperCase());
}

/** Types in alphabetical order, but each after those that it mentions. */
function inOrder(types: ReadonlyMap<string, NamedType>): readonly NamedType[] {
  const ordered = new Set<NamedType>();
  const add = (name: string): void => {
    const type = types.get(name);
    if (!type) throw new Error(`no schema is called ${name}`);
    if (ordered.has(type)) return;
    const shapes = type.fields?.map(({ shape }) => shape) ?? (type.shape ? [type.shape] : []);
    for (const mentioned of [...(type.bases ?? []), ...shapes.flatMap(namesIn)]) add(mentioned);
    ordered.add(type);
  };
  for (const name of [...types.keys()].sort()) add(name);
  return [...ordered];
}

function namesIn(shape: Shape): readonly string[] {
  if (shape.kind === 'named') return [shape.name];
  if (shape.kind === 'union') return shape.of.flatMap(namesIn);
  if (shape.kind === 'list' || shape.kind === 'map') return namesIn(shape.of);
  return [];
}
