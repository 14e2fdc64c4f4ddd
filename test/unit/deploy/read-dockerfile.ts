import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Absolute path of a file of this repository, given from its root. */
export function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

/** Returns the text of a file of this repository, given from its root. */
export function readFromRoot(path: string): string {
  return readFileSync(fromRoot(path), 'utf8');
}

export interface Instruction {
  /** In capitals: `FROM`, `COPY`. */
  readonly name: string;
  /** The rest, on one line. */
  readonly text: string;
}

/** Returns the instructions of a Dockerfile in order, comments gone and continued lines joined. */
export function readDockerfile(path: string): readonly Instruction[] {
  return readFromRoot(path)
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const [name = ''] = line.split(/\s/, 1);
      return { name: name.toUpperCase(), text: line.slice(name.length).trim().replace(/\s+/g, ' ') };
    });
}

/** Returns the instructions of the last stage, its FROM first. */
export function lastStage(instructions: readonly Instruction[]): readonly Instruction[] {
  return instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
}
