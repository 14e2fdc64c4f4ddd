import type { Field, NamedType, Shape } from './read-schemas.js';

const LINE_WIDTH = 120;
const HEADER = `# Made by \`npm run docs\` from docs/openapi.json. Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from .photos import PhotoSource

if TYPE_CHECKING:
    from typing_extensions import NotRequired
`;
const PLAIN = {
  string: 'str',
  number: 'float',
  integer: 'int',
  boolean: 'bool',
  null: 'None',
  object: 'dict[str, Any]',
  unknown: 'Any',
} as const;

/** Returns a Python module with one TypedDict or alias for each of `types`, formatted as ruff does. */
export function renderPythonTypes(types: readonly NamedType[]): string {
  const parts = types.map(
    (type, index) => `${isAlias(type) && isAlias(types[index - 1]) ? '' : '\n'}${renderType(type)}`,
  );
  return [HEADER, ...parts].join('\n');
}

function isAlias(type: NamedType | undefined): boolean {
  return type !== undefined && !type.fields;
}

function renderType({ name, description, bases, fields, shape }: NamedType): string {
  if (!fields) return `${renderComment(description)}${name}: TypeAlias = ${renderShape(shape, '')}\n`;
  const lines = fields.map(renderField);
  return `class ${name}(${bases?.join(', ') ?? 'TypedDict'}):\n${description ? `    ${docstring(description)}\n\n` : ''}${lines.join('') || '    pass\n'}`;
}

function renderField({ name, shape, isOptional, description }: Field): string {
  const type = renderShape(shape, '    ');
  const doc = description ? `    ${docstring(description)}\n` : '';
  return `    ${name}: ${isOptional ? `NotRequired[${type}]` : type}\n${doc}`;
}

function renderShape(shape: Shape = { kind: 'plain', name: 'unknown' }, indent = ''): string {
  switch (shape.kind) {
    case 'plain':
      return PLAIN[shape.name];
    case 'photo':
      return 'PhotoSource';
    case 'named':
      return shape.name;
    case 'list':
      return `list[${renderShape(shape.of, indent)}]`;
    case 'map':
      return `dict[str, ${renderShape(shape.of, indent)}]`;
    case 'union':
      return shape.of.map((choice) => renderShape(choice, indent)).join(' | ');
    case 'choice':
      return renderLiteral(shape.values, indent);
  }
}

function renderLiteral(values: readonly (string | number | boolean)[], indent: string): string {
  const texts = values.map((value) =>
    typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value),
  );
  const line = `Literal[${texts.join(', ')}]`;
  if (indent.length + line.length < LINE_WIDTH - 40) return line;
  return `Literal[\n${texts.map((text) => `${indent}    ${text},\n`).join('')}${indent}]`;
}

function docstring(description: string): string {
  return `"""${description.replace(/["\\]/g, '\\$&')}"""`;
}

function renderComment(description: string | undefined): string {
  return description ? `# ${description}\n` : '';
}
