import { readFileSync } from 'node:fs';
import { parseCsv } from '../../../src/cli/csv.js';
import { UserError } from '../../../src/cli/user-error.js';
import type { EvaluationPlan } from './evaluation-plan.js';

/** Groups of people, and the group of each photo. */
export interface PhotoGroups {
  /** In alphabetical order. */
  readonly names: readonly string[];
  /** Index of each photo's group, or NO_GROUP. */
  readonly groupOf: Int16Array;
  /** Notes for readers of the report, in whole sentences. */
  readonly notes: readonly string[];
}

export const NO_GROUP = -1;

/** Groups at most: the pairs between any two of them are counted apart. */
const MOST_GROUPS = 30;
/** Names listed in a note at most. */
const NAMED = 5;

/** Accepted column names in lower case; we write the first. */
const COLUMNS = {
  person: ['person', 'name', 'identity', 'folder'],
  file: ['file', 'photo', 'path'],
  group: ['group'],
} as const;

/**
 * Reads the group of each person or photo from a CSV file: a column `group`, and `person` (the first folder in the name of
 * a photo) or `file` (the whole name). A row about a photo overrides one about its person.
 * @throws UserError that describes the first problem.
 */
export function readGroups(path: string, { photos }: EvaluationPlan): PhotoGroups {
  const { persons, files } = readRows(path);
  const given = photos.map((photo) => files.get(photo) ?? persons.get(photo.split('/')[0] ?? ''));
  const names = [...new Set(given.filter((group) => group !== undefined))].sort();
  if (names.length === 0)
    throw new UserError(
      `${path} names no photo and no person of this data set. A person is the first folder of a path.`,
    );
  if (names.length > MOST_GROUPS)
    throw new UserError(`${path} has ${names.length} groups; at most ${MOST_GROUPS} can be compared.`);
  const groupOf = Int16Array.from(given, (group) => (group === undefined ? NO_GROUP : names.indexOf(group)));
  const known = new Set(photos.flatMap((photo) => [photo, photo.split('/')[0] ?? '']));
  return {
    names,
    groupOf,
    notes: listNotes(
      groupOf,
      [...persons.keys(), ...files.keys()].filter((name) => !known.has(name)),
    ),
  };
}

interface GroupRows {
  readonly persons: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, string>;
}

function readRows(path: string): GroupRows {
  const { header, rows } = parseCsv(readFileSync(path, 'utf8'));
  const columnOf = (kind: keyof typeof COLUMNS): number => {
    const names: readonly string[] = COLUMNS[kind];
    return header.findIndex((name) => names.includes(name.toLowerCase()));
  };
  const group = columnOf('group');
  const columns = { persons: columnOf('person'), files: columnOf('file') };
  if (group < 0 || (columns.persons < 0 && columns.files < 0))
    throw new UserError(`The header of ${path} (${header.join(', ')}) must have group, and person or file.`);
  const found = { persons: new Map<string, string>(), files: new Map<string, string>() };
  for (const [index, row] of rows.entries()) {
    for (const kind of ['persons', 'files'] as const) {
      const name = row[columns[kind]]?.trim() ?? '';
      const value = row[group]?.trim() ?? '';
      if (name === '' || value === '') continue;
      const earlier = found[kind].get(name);
      if (earlier !== undefined && earlier !== value)
        throw new UserError(
          `Row ${index + 2} of ${path} puts ${name} into ${value}; an earlier row says ${earlier}.`,
        );
      found[kind].set(name, value);
    }
  }
  return found;
}

function listNotes(groupOf: Int16Array, unknown: readonly string[]): readonly string[] {
  const without = groupOf.filter((group) => group === NO_GROUP).length;
  const named = `${unknown.slice(0, NAMED).join(', ')}${unknown.length > NAMED ? ', …' : ''}`;
  return [
    ...(without > 0
      ? [
          `${without} of ${groupOf.length} photos have no group. They count in the figures of all photos only.`,
        ]
      : []),
    ...(unknown.length > 0
      ? [`${unknown.length} names in the list of groups are not in this data set: ${named}.`]
      : []),
  ];
}
