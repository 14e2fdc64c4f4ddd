import { html } from 'hono/html';
import type { z } from 'zod';
import { schemaReference } from '../openapi/schemas.js';
import { type Html, renderText } from './render-page.js';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Returns the name of a schema with a link to its description on the same page. */
export function renderSchemaName(schema: z.ZodType): Html {
  return renderReference(schemaReference(schema).$ref);
}

/** Returns the description of a named schema: its fields, or its values. */
export function renderSchema(name: string, schema: JsonSchema): Html {
  return html`
      <article id="${name}" class="panel">
        <h3><code>${name}</code></h3>
        ${schema.description ? html`<p>${renderText(schema.description)}</p>` : ''}
        ${schema.properties ? renderFields(schema) : html`<p>${describeType(schema)}</p>`}
      </article>`;
}

function renderFields({ properties = {}, required = [] }: JsonSchema): Html {
  const rows = Object.entries(properties).map(([name, value]) => {
    const schema = asSchema(value);
    return html`
            <tr>
              <th scope="row"><code>${name}</code></th>
              <td data-label="Type">${describeType(schema)}${required.includes(name) ? '' : ', optional'}</td>
              <td>${renderText(schema.description ?? '')}</td>
            </tr>`;
  });
  return html`<div class="table"><table>
          <thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead>
          <tbody>${rows}
          </tbody>
        </table></div>`;
}

/** Returns the type of a value: `list of number`, `2 or 3`, `string`, or a link to a named schema. */
function describeType(schema: JsonSchema): Html {
  const { $ref, anyOf, oneOf, items, properties, type } = schema;
  if ($ref) return renderReference($ref);
  const choices = anyOf ?? oneOf;
  if (choices) return join(choices.map(describeType), ' or ');
  if (schema.enum) return join(schema.enum.map(renderValue), ' or ');
  if (schema.const !== undefined) return renderValue(schema.const);
  if (items && !Array.isArray(items)) return html`list of ${describeType(asSchema(items))}`;
  if (properties)
    return html`object of ${join(
      Object.entries(properties).map(
        ([name, value]) => html`<code>${name}</code> (${describeType(asSchema(value))})`,
      ),
      ', ',
    )}`;
  return html`${[type ?? 'any'].flat().join(' or ')}${describeRange(schema)}`;
}

function describeRange({ minimum, maximum, maxLength, format, pattern }: JsonSchema): string {
  // Zod states the range of safe integers, which says nothing to a reader.
  const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? ` from ${minimum}` : '';
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? ` to ${maximum}` : '';
  const length = maxLength === undefined ? '' : `, at most ${maxLength} characters`;
  const form = format ?? (pattern && `pattern ${pattern}`);
  return `${low}${high}${length}${form ? `, ${form}` : ''}`;
}

function renderReference(reference: string): Html {
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  return html`<a href="docs#${name}"><code>${name}</code></a>`;
}

function renderValue(value: unknown): Html {
  return html`<code>${typeof value === 'string' ? value : JSON.stringify(value)}</code>`;
}

function join(parts: readonly Html[], between: string): Html {
  return html`${parts.map((part, index) => html`${index === 0 ? '' : between}${part}`)}`;
}

/** JSON Schema allows `true` and `false` as schemas. */
function asSchema(schema: JsonSchema | boolean): JsonSchema {
  return typeof schema === 'boolean' ? {} : schema;
}
