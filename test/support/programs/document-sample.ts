import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { onTestFinished, vi } from 'vitest';

/** A program of our documents that runs. */
export interface RunningSample {
  readonly process: ChildProcess;
  /** Resolves once it has printed `text`; rejects with all it printed. */
  waitForOutput(text: string): Promise<void>;
  /** Does the same for a pattern and resolves with its match. */
  waitForMatch(pattern: RegExp): Promise<RegExpExecArray>;
}

/**
 * Returns the only code block of a document in `language` that holds `mark`, with `changes` (text → text) made to it.
 * @throws Error when there is no such block, or a text to change is not in it.
 */
export function readSample(
  place: { readonly path: string; readonly language: string; readonly mark: string },
  changes: Readonly<Record<string, string>>,
): string {
  const blocks = readFileSync(place.path, 'utf8').matchAll(
    new RegExp(`^\`\`\`${place.language}\\n(.*?)^\`\`\`$`, 'gms'),
  );
  const found = [...blocks].map(([, text = '']) => text).filter((text) => text.includes(place.mark));
  if (found.length !== 1) throw new Error(`${found.length} blocks of ${place.path} hold ${place.mark}`);
  return Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the sample of ${place.path} does not hold ${from}`);
    return text.replaceAll(from, to);
  }, found[0] ?? '');
}

/** Runs a sample in the repository's root until the test ends. `command`: reads the program from standard input. */
export function runSample(
  [command, ...args]: readonly [string, ...string[]],
  text: string,
  environment: Readonly<Record<string, string>> = {},
): RunningSample {
  const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
  child.stdin.end(text);
  return {
    process: child,
    waitForOutput: (wanted) =>
      vi.waitFor(() => {
        if (!output.includes(wanted)) throw new Error(`no "${wanted}" in: ${output}`);
      }, 60_000),
    waitForMatch: (pattern) =>
      vi.waitFor(() => {
        const match = pattern.exec(output);
        if (!match) throw new Error(`no ${pattern} in: ${output}`);
        return match;
      }, 60_000),
  };
}

/** True where python3 has these modules. */
export function hasPython(...modules: readonly string[]): boolean {
  return spawnSync('python3', ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0;
}
