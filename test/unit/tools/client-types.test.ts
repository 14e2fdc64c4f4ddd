import { describe, expect, it } from 'vitest';
import { readSchemas } from '../../../tools/docs/client-types/read-schemas.js';
import { renderPythonTypes } from '../../../tools/docs/client-types/render-python-types.js';
import { renderTypeScriptTypes } from '../../../tools/docs/client-types/render-typescript-types.js';

const documentOf = (schemas: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ openapi: '3.1.0', components: { schemas } });

const SCHEMAS = {
  Answer: {
    type: 'object',
    description: 'An answer.',
    properties: {
      state: { $ref: '#/components/schemas/State' },
      person: { anyOf: [{ type: 'string' }, { type: 'integer' }], description: 'Whose.' },
      box: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] },
      notes: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
      margin: { type: ['number', 'null'] },
      timings: { type: 'object', additionalProperties: { type: 'number' } },
    },
    required: ['state', 'person'],
  },
  State: { type: 'string', enum: ['on', 'off'] },
  Ask: { type: 'object', properties: { back_image: { type: 'string' }, count: { enum: [2, 3] } } },
  Line: { allOf: [{ $ref: '#/components/schemas/Ask' }, { properties: { ref: { type: 'string' } } }] },
};

describe('the types of the clients', () => {
  it('are interfaces in TypeScript, with photos in every form', () => {
    const text = renderTypeScriptTypes(readSchemas(documentOf(SCHEMAS)));

    expect(text).toMatch(/^import type \{ PhotoSource \}/m);
    expect(text.slice(text.indexOf('export'))).toBe(`export type State = 'on' | 'off';

export interface AnswerBox {
  x: number;
}

/** An answer. */
export interface Answer {
  state: State;
  /** Whose. */
  person: string | number;
  box?: AnswerBox;
  notes?: (string | null)[];
  margin?: number | null;
  timings?: Record<string, number>;
}

export interface Ask {
  back_image?: PhotoSource;
  count?: 2 | 3;
}

export interface Line extends Ask {
  ref?: string;
}
`);
  });

  it('are TypedDicts in Python', () => {
    const text = renderPythonTypes(readSchemas(documentOf(SCHEMAS)));

    expect(text.slice(text.indexOf('State:'))).toBe(`State: TypeAlias = Literal["on", "off"]


class AnswerBox(TypedDict):
    x: float


class Answer(TypedDict):
    """An answer."""

    state: State
    person: str | int
    """Whose."""
    box: NotRequired[AnswerBox]
    notes: NotRequired[list[str | None]]
    margin: NotRequired[float | None]
    timings: NotRequired[dict[str, float]]


class Ask(TypedDict):
    back_image: NotRequired[PhotoSource]
    count: NotRequired[Literal[2, 3]]


class Line(Ask):
    ref: NotRequired[str]
`);
  });

  it('refuse a schema that they would show wrongly, and one that does not exist', () => {
    expect(() => readSchemas(documentOf({ Odd: { type: 'tuple' } }))).toThrow('Odd: a schema that');
    expect(() => readSchemas(documentOf({ Odd: { $ref: '#/components/schemas/No' } }))).toThrow(
      'no schema is called No',
    );
  });
});
