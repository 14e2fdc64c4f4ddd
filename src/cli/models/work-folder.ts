import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Runs `body` with an empty folder inside `modelsDir`, on the same disk as the final files, and removes it afterwards.
 * First removes leftovers of killed runs.
 */
export async function withWorkFolder(
  modelsDir: string,
  name: string,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const start = `.fetch-${name}-`;
  const folder = join(modelsDir, `${start}${process.pid}`);
  await mkdir(modelsDir, { recursive: true });
  for (const entry of await readdir(modelsDir)) {
    const abandoned = entry.startsWith(start) && !isAlive(Number(entry.slice(start.length)));
    if (abandoned) await rm(join(modelsDir, entry), { recursive: true });
  }
  try {
    await mkdir(folder);
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
