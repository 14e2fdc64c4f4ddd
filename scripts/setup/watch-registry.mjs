import { setTimeout as pause } from 'node:timers/promises';
import { askNpm } from './run-command.mjs';

/** Before the first look at the registry, between two, and time limit of one, ms. */
const TIMES_MS = { first: 10_000, next: 15_000, answer: 10_000 };
/** Looks in a row without an answer after which waiting is of no use. */
const MAX_FAILURES = 4;
/** What npm prints when no server answered. A server that refuses the question is there. */
const UNREACHABLE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT|UNABLE_TO_\w+|SELF_SIGNED_\w+|CERT_\w+)\b/;

/**
 * Says what an install waits for when it takes long, and resolves with a sentence when the npm registry has not answered
 * for about a minute; before that only when `signal` aborts, with undefined.
 */
export async function watchRegistry(signal, times = TIMES_MS) {
  let failures = 0;
  for (let delayMs = times.first; await waits(delayMs, signal); delayMs = times.next) {
    const { registry, problem } = await pingRegistry(times.answer);
    if (signal.aborted) return undefined;
    failures = problem ? failures + 1 : 0;
    const state = problem ? `does not answer (${problem})` : 'answers';
    console.error(`  still waiting for packages; ${registry} ${state}`);
    if (failures === MAX_FAILURES) return `${registry} does not answer (${problem}).`;
  }
  return undefined;
}

async function waits(ms, signal) {
  try {
    await pause(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

async function pingRegistry(timeoutMs) {
  const args = ['ping', '--loglevel=notice', `--fetch-timeout=${timeoutMs}`, '--fetch-retries=0'];
  const { ok, text } = await askNpm(args);
  const registry = `the npm registry ${withoutUser(/PING (\S+)/.exec(text)?.[1] ?? '')}`.trim();
  return { registry, problem: ok ? undefined : UNREACHABLE.exec(text)?.[0] };
}

function withoutUser(address) {
  if (!URL.canParse(address)) return '';
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`;
}
