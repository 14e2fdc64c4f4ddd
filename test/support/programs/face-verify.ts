import { type ChildProcess, spawn } from 'node:child_process';

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command `face-verify`, running. */
export interface RunningCommand {
  readonly process: ChildProcess;
  /** Resolves when its standard error contains the text. */
  says(text: string): Promise<void>;
  readonly ended: Promise<CommandResult>;
}

/** Runs the compiled command `face-verify` with these settings and no others. `input`: its standard input. */
export function startFaceVerify(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input: Uint8Array = Buffer.alloc(0),
): RunningCommand {
  const child = spawn(process.execPath, ['dist/cli/face-verify.js', ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  // A command that fails early does not read it.
  child.stdin.on('error', () => undefined).end(input);
  let [out, err] = ['', ''];
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    err += chunk;
    for (const look of waiting) look();
  });
  const ended = new Promise<CommandResult>((resolve) =>
    child.once('close', (code) => resolve({ code, out, err })),
  );
  return {
    process: child,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (err.includes(text)) resolve();
        };
        waiting.add(look);
        look();
        void ended.then(() => reject(new Error(`face-verify ended: ${out}${err}`)));
      }),
    ended,
  };
}
