import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A running process of this machine; zombies do not count. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** Program and arguments. */
  readonly command: string;
}

/** Returns every running process, from /proc on Linux and from `ps` elsewhere. */
export function listProcesses(): readonly RunningProcess[] {
  const rows = process.platform === 'linux' ? readProc() : readPs();
  return rows
    .filter(({ state }) => !/^[ZX]/.test(state))
    .map(({ pid, parent, command }) => ({ pid: Number(pid), parent: Number(parent), command }));
}

/** Returns the process and all its descendants. */
export function listFamily(root: number): readonly RunningProcess[] {
  const processes = listProcesses();
  const family = processes.filter(({ pid }) => pid === root);
  for (const { pid } of family) family.push(...processes.filter(({ parent }) => parent === pid));
  return family;
}

/** Returns the pids of a worker's vision processes, by default of this process. */
export function listVisionPids(worker = process.pid): number[] {
  const visions = listProcesses().filter(
    ({ parent, command }) => parent === worker && command.includes('vision-process'),
  );
  return visions.map(({ pid }) => pid);
}

/** Returns the processes of an earlier list that are still running. */
export function stillRunning(earlier: readonly RunningProcess[]): readonly RunningProcess[] {
  const running = new Set(listProcesses().map(({ pid }) => pid));
  return earlier.filter(({ pid }) => running.has(pid));
}

interface Row {
  readonly pid: string;
  readonly parent: string;
  readonly state: string;
  readonly command: string;
}

function readProc(): Row[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        // pid (command) state parent …; the command can contain spaces and brackets, so count from its end.
        const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid, parent, state, command }];
      } catch {
        return []; // it ended between the two calls
      }
    });
}

function readPs(): Row[] {
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = '', parent = '', state = '', ...words] = line.trim().split(/\s+/);
      return { pid, parent, state, command: words.join(' ') };
    });
}
