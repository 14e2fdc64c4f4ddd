import { z } from 'zod';

/** Returns a reference to a schema of the document. @throws Error if the schema has no `id` in its metadata. */
export function schemaReference(schema: z.ZodType): { readonly $ref: string } {
  const id = z.globalRegistry.get(schema)?.id;
  if (!id) throw new Error('this is a bug: a schema in the OpenAPI document needs an id');
  return { $ref: pathOf(id) };
}

/** Returns every schema that has an `id` as JSON Schema 2020-12, each referring to the others by name. */
export function createSchemas(): Readonly<Record<string, z.core.JSONSchema.BaseSchema>> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    // Answers may gain fields, and unknown fields in requests are ignored: `additionalProperties` closes nothing.
    io: 'input',
    uri: pathOf,
    override: ({ jsonSchema }) => joinConstants(jsonSchema),
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const { $schema: _dialect, $id: _id, id: _name, ...rest } = schema;
      return [name, rest];
    }),
  );
}

function pathOf(id: string): string {
  return `#/components/schemas/${id}`;
}

/** Turns a choice of numbers, `anyOf` with one constant each, into the `enum` that client generators understand. */
function joinConstants(schema: z.core.JSONSchema.BaseSchema): void {
  const constants = schema.anyOf?.map((choice) => choice.const);
  if (!constants?.every((value) => Number.isInteger(value))) return;
  delete schema.anyOf;
  Object.assign(schema, { type: 'integer', enum: constants });
}
