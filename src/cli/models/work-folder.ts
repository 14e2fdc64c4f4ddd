import { readdirSync, renameSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** End of the names of incomplete downloads. */
const PART = '.part';
/** Age from which the folder of another run was left by a killed one, ms. No download takes so long. */
const ABANDONED_MS = 86_400_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Returns the name of a file in the work folder that is kept for the next run if this one ends before it is complete. */
export function partName(name: string): string {
  return `.${name}${PART}`;
}

/**
 * Runs `body` with an empty folder inside `modelsDir`, on the same disk as the final files, and removes it afterwards, also
 * when a signal ends the program. Incomplete downloads move to `modelsDir`. Other runs can fetch the same pack meanwhile, in
 * other containers too: their folders are left alone unless they are a day old.
 */
export async function withWorkFolder(
  modelsDir: string,
  name: string,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const start = `.fetch-${name}-`;
  await mkdir(modelsDir, { recursive: true });
  await removeAbandoned(modelsDir, start);
  const folder = await mkdtemp(join(modelsDir, start));
  const close = (): void => {
    for (const signal of SIGNALS) process.off(signal, endAt);
    for (const entry of readdirSync(folder))
      if (entry.endsWith(PART)) renameSync(join(folder, entry), join(modelsDir, entry));
    rmSync(folder, { recursive: true, force: true });
  };
  const endAt = (signal: NodeJS.Signals): void => {
    close();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, endAt);
  try {
    await body(folder);
  } finally {
    close();
  }
}

/** Removes the folders of killed runs. Nobody can ask whether they run: ids of processes are equal in all containers. */
async function removeAbandoned(modelsDir: string, start: string): Promise<void> {
  for (const entry of await readdir(modelsDir)) {
    // Names of other packs can begin like this one's.
    if (!entry.startsWith(start) || entry.slice(start.length).includes('-')) continue;
    const folder = join(modelsDir, entry);
    const made = await stat(folder).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > ABANDONED_MS) await rm(folder, { recursive: true, force: true });
  }
}
