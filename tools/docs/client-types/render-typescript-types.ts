import type { Field, NamedType, Shape } from './read-schemas.js';

const LINE_WIDTH = 110;
const HEADER = `// Made by \`npm run docs\` from docs/openapi.json. Do not edit.
import type { PhotoSource } from './photo-source.js';
`;
const PLAIN = { integer: 'number', object: 'Record<string, unknown>' } as const;

/** Returns a module with one exported type for each of `types`, formatted as Biome does. */
export function renderTypeScriptTypes(types: readonly NamedType[]): string {
  return [HEADER, ...types.map(renderType)].join('\n');
}

function renderType({ name, description, bases, fields, shape }: NamedType): string {
  const comment = renderComment(description, '');
  const base = bases ? ` extends ${bases.join(', ')}` : '';
  if (fields) return `${comment}export interface ${name}${base} {\n${fields.map(renderField).join('')}}\n`;
  return `${comment}${statement(`export type ${name} =`, choicesOf(shape), '')}`;
}

function renderField({ name, shape, isOptional, description }: Field): string {
  const start = `  ${name}${isOptional ? '?' : ''}:`;
  return `${renderComment(description, '  ')}${statement(start, choicesOf(shape), '  ')}`;
}

/** One line if it fits, else one line for each choice. */
function statement(start: string, choices: readonly string[], indent: string): string {
  const line = `${start} ${choices.join(' | ')};`;
  if (line.length <= LINE_WIDTH || choices.length === 1) return `${line}\n`;
  return `${start}\n${choices.map((choice) => `${indent}  | ${choice}`).join('\n')};\n`;
}

function choicesOf(shape: Shape = { kind: 'plain', name: 'unknown' }): readonly string[] {
  switch (shape.kind) {
    case 'plain':
      return [shape.name in PLAIN ? PLAIN[shape.name as keyof typeof PLAIN] : shape.name];
    case 'photo':
      return ['PhotoSource'];
    case 'named':
      return [shape.name];
    case 'choice':
      return shape.values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)));
    case 'union':
      return shape.of.flatMap(choicesOf);
    case 'map':
      return [`Record<string, ${choicesOf(shape.of).join(' | ')}>`];
    case 'list': {
      const choices = choicesOf(shape.of);
      return [choices.length > 1 ? `(${choices.join(' | ')})[]` : `${choices[0]}[]`];
    }
  }
}

function renderComment(description: string | undefined, indent: string): string {
  return description ? `${indent}/** ${description.replaceAll('*/', '*\\/')} */\n` : '';
}
