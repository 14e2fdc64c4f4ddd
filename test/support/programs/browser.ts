import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

const BINARIES = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--hide-scrollbars',
];
/** A host name of 127.0.0.1 that browsers do not trust like localhost: its pages may not use a camera. */
export const INSECURE_HOST = 'insecure.test';
/** Only loopback can be reached, so a page that loads anything from the internet fails. */
const OFFLINE = `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1`;
/** Shows a moving test pattern to pages that may use the camera. */
const FAKE_CAMERA = '--use-fake-device-for-media-stream';
const WAIT_MS = 60_000;

export interface View {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly theme: 'light' | 'dark';
}

export interface Page {
  /** Problems of the page: exceptions, console errors, policy violations, failed loads. */
  readonly complaints: readonly string[];
  /** Returns the value of an expression in the page; awaits promises. */
  evaluate(expression: string): Promise<unknown>;
  /** Resolves once the expression is true; rejects after 60 seconds. */
  waitFor(expression: string): Promise<void>;
  /** Loads the page again; resolves once it and its scripts are loaded. */
  reload(): Promise<void>;
  /** Calls a method of the DevTools protocol for this page. */
  send(method: string, params?: Message): Promise<Message>;
  /** Resolves with the parameters of the next event of this kind; rejects after 60 seconds. */
  event(method: string): Promise<Message>;
  /** Writes a PNG of the whole page. */
  screenshot(path: string): Promise<void>;
}

export interface Browser {
  open(url: string, view?: View): Promise<Page>;
  close(): Promise<void>;
}

export type Message = Readonly<Record<string, unknown>>;

/** Returns the name of an installed Chromium, or undefined. */
export function findBrowser(): string | undefined {
  return BINARIES.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

/** Starts a headless Chromium with an empty profile and talks to it over its DevTools pipe. */
export function startBrowser(binary: string): Browser {
  const profile = mkdtempSync(join(tmpdir(), 'face-browser-'));
  const child = spawn(
    binary,
    [...FLAGS, OFFLINE, FAKE_CAMERA, '--remote-debugging-pipe', `--user-data-dir=${profile}`],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      // A separate process group: helpers would otherwise keep writing to the profile that is removed below.
      detached: true,
    },
  );
  const connection = connect(child);
  return {
    open: async (url, view = { widthPx: 1280, heightPx: 900, theme: 'light' }) => {
      const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
      const attached = await connection.send('Target.attachToTarget', { targetId, flatten: true });
      return openPage(connection, String(attached.sessionId), { url, view });
    },
    close: async () => {
      const ended = once(child, 'exit');
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

interface Connection {
  send(method: string, params?: Message, sessionId?: string): Promise<Message>;
  onEvent(listen: (event: Message) => void): void;
}

/** Messages are NUL-terminated JSON texts, written to file descriptor 3 and read from 4. */
function connect(child: ChildProcess): Connection {
  const output = child.stdio[3] as Writable;
  const input = child.stdio[4] as Readable;
  const waiting = new Map<number, (message: Message) => void>();
  const listeners: ((event: Message) => void)[] = [];
  let lastId = 0;
  let rest = '';
  output.on('error', () => undefined);
  input.setEncoding('utf8').on('data', (chunk: string) => {
    const texts = (rest + chunk).split('\0');
    rest = texts.pop() ?? '';
    for (const text of texts) {
      const message = JSON.parse(text) as Message;
      const settle = waiting.get(Number(message.id));
      waiting.delete(Number(message.id));
      if (settle) settle(message);
      else for (const listen of listeners) listen(message);
    }
  });
  return {
    onEvent: (listen) => listeners.push(listen),
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, ({ result, error }) => {
          if (error) reject(new Error(`${method}: ${JSON.stringify(error)}`));
          else resolve((result ?? {}) as Message);
        });
        output.write(`${JSON.stringify({ id: lastId, method, params, sessionId })}\0`);
      }),
  };
}

async function openPage(
  connection: Connection,
  sessionId: string,
  { url, view }: { url: string; view: View },
): Promise<Page> {
  const complaints: string[] = [];
  const send = (method: string, params?: Message): Promise<Message> =>
    connection.send(method, params, sessionId);
  connection.onEvent((event) => {
    const complaint = event.sessionId === sessionId ? complaintOf(event) : undefined;
    if (complaint) complaints.push(complaint);
  });
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);
  await send('Emulation.setDeviceMetricsOverride', {
    width: view.widthPx,
    height: view.heightPx,
    deviceScaleFactor: 1,
    mobile: false,
  });
  await send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: view.theme }],
  });
  // Only the page in front gets drops, keys and the clipboard.
  await send('Page.bringToFront');
  const evaluate = async (expression: string): Promise<unknown> => {
    const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(answer.exceptionDetails)}`);
    return (answer.result as Message).value;
  };
  const waitFor = async (expression: string): Promise<void> => {
    const end = Date.now() + WAIT_MS;
    while (!(await evaluate(`Boolean(${expression})`))) {
      if (Date.now() > end) throw new Error(`this never became true in the page: ${expression}`);
      await pause(50);
    }
  };
  const event = (method: string): Promise<Message> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the page never reported ${method}`)), WAIT_MS);
      connection.onEvent((message) => {
        if (message.sessionId !== sessionId || message.method !== method) return;
        clearTimeout(timer);
        resolve(message.params as Message);
      });
    });
  await send('Page.navigate', { url });
  await waitFor(`location.href !== 'about:blank' && document.readyState === 'complete'`);
  return {
    complaints,
    send,
    evaluate,
    waitFor,
    event,
    reload: async () => {
      const loaded = event('Page.loadEventFired');
      await send('Page.reload');
      await loaded;
    },
    screenshot: async (path) => {
      const { data } = await send('Page.captureScreenshot', { captureBeyondViewport: true });
      writeFileSync(path, Buffer.from(String(data), 'base64'));
    },
  };
}

function complaintOf({ method, params }: Message): string | undefined {
  const facts = (params ?? {}) as Message;
  switch (method) {
    case 'Runtime.exceptionThrown':
      return JSON.stringify(facts.exceptionDetails);
    case 'Runtime.consoleAPICalled':
      return facts.type === 'error' ? JSON.stringify(facts.args) : undefined;
    case 'Log.entryAdded': {
      const { level, text, url } = facts.entry as Message;
      return level === 'error' ? `${text} ${url ?? ''}` : undefined;
    }
    default:
      return undefined;
  }
}
