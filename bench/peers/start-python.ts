import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/cli/start/ports.js';
import type { Side } from '../speed/alternate.js';
import { stopProgram } from '../speed/fleet.js';
import { cpuSeconds, memoryMb } from '../speed/process-figures.js';

const SCRIPTS = fileURLToPath(new URL('./python/', import.meta.url));
/** Survives between runs, because installing takes minutes. */
const VENV = fileURLToPath(new URL('.venv/', import.meta.url));
const PYTHON = join(VENV, 'bin', 'python');
/** Exists once everything is installed. */
const INSTALLED = join(VENV, 'installed');
const START_LIMIT_MS = 120_000;

/** The Python service as one side, and how to end it. */
export interface PythonService extends Side {
  stop(): Promise<void>;
}

/** Installs the Python service where it is not yet. Returns why that is not possible; undefined if it is there. */
export function preparePython(): string | undefined {
  if (existsSync(INSTALLED)) return undefined;
  mkdirSync(VENV, { recursive: true });
  const steps = [
    ['python3', '-m', 'venv', VENV],
    [PYTHON, '-m', 'pip', 'install', '--quiet', '--requirement', join(SCRIPTS, 'requirements.txt')],
  ];
  for (const [command = '', ...args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) return `${command} failed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`;
  }
  writeFileSync(INSTALLED, '');
  return undefined;
}

/** Runs one of the scripts and waits for its end. */
export function runPython(script: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(PYTHON, [join(SCRIPTS, script), ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
}

/** Starts the Python service with the pack in `root`/models/`pack` and waits until it answers. */
export async function startPython(root: string, pack: string): Promise<PythonService> {
  const port = await freePort();
  const program = spawn(PYTHON, [join(SCRIPTS, 'service.py'), String(port), root, pack], {
    env: { PATH: process.env.PATH ?? '', HOME: root, NO_ALBUMENTATIONS_UPDATE: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const pid = program.pid ?? 0;
  const origin = `http://127.0.0.1:${port}`;
  await untilHealthy(origin, () => program.exitCode !== null);
  return {
    name: 'Python',
    origin,
    cpuSeconds: () => cpuSeconds(pid),
    memoryMb: () => memoryMb(pid).now,
    stop: () => stopProgram(program),
  };
}

async function untilHealthy(origin: string, hasEnded: () => boolean): Promise<void> {
  const end = performance.now() + START_LIMIT_MS;
  while (performance.now() < end && !hasEnded()) {
    const response = await fetch(`${origin}/health`).catch(() => undefined);
    if (response?.ok) return;
    await pause(100);
  }
  throw new Error('the Python service did not start');
}
