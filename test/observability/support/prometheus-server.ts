import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/cli/start/ports.js';
import { waitForPort } from '../../support/servers/redis-server.js';

/** One series of an answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A series over time, oldest first; times in s since 1970. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [time: number, value: number])[];
}

export interface PrometheusServer {
  /** Replaces the programs that it scrapes; `host:port` each. */
  scrape(addresses: readonly string[]): void;
  /** Evaluates a query of the dashboard or of the rules now; `$__rate_interval` is the window. */
  query(expr: string): Promise<readonly Sample[]>;
  /** The last hour or, hurried, the last four minutes, ms since 1970. */
  range(): [start: number, end: number];
  /** Evaluates it at 240 moments of this range. */
  queryRange(expr: string): Promise<Series[]>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /**
   * `real`: as deploy/observability has it. `hurried`: scrapes and evaluates every second, and every window and every
   * pause before an alert is a few seconds. Thresholds are the same.
   */
  readonly pace: 'real' | 'hurried';
  /** Where its data stay. Absent: a folder that `stop` removes. */
  readonly folder?: string | undefined;
}

/** Window of rates instead of minutes or hours, and pause before an alert fires. */
const WINDOW = '10s';
const PAUSE = '2s';
/** As Grafana computes it from a scrape interval of 15 s. */
const RATE_INTERVAL = '1m';

/** Of a range of time. */
const STEPS = 240;

/** Starts a real Prometheus on a free port with the rules of deploy/observability. */
export async function startPrometheus({ pace, folder: kept }: PrometheusOptions): Promise<PrometheusServer> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'face-prometheus-'));
  mkdirSync(folder, { recursive: true });
  const isHurried = pace === 'hurried';
  const intervalS = isHurried ? 1 : 15;
  const interval = `${intervalS}s`;
  const adapt = (text: string): string =>
    isHurried
      ? hurry(text).replaceAll('$__range', `${STEPS}s`)
      : text.replaceAll('$__rate_interval', RATE_INTERVAL).replaceAll('$__range', '1h');
  const write = (name: string, content: unknown): void => {
    // Renamed, because Prometheus reads the file at any moment.
    writeFileSync(
      join(folder, `${name}.new`),
      typeof content === 'string' ? content : JSON.stringify(content),
    );
    renameSync(join(folder, `${name}.new`), join(folder, name));
  };
  const scrape = (addresses: readonly string[]): void => write('targets.json', [{ targets: addresses }]);
  scrape([]);
  write('alerts.yaml', adapt(readFileSync('deploy/observability/alerts.yaml', 'utf8')));
  write('prometheus.yml', {
    global: {
      scrape_interval: interval,
      scrape_timeout: isHurried ? '1s' : '10s',
      evaluation_interval: interval,
    },
    scrape_configs: [
      {
        job_name: 'face-verification',
        file_sd_configs: [{ files: ['targets.json'], refresh_interval: '1s' }],
      },
    ],
    rule_files: ['alerts.yaml'],
  });
  const port = await freePort();
  const program = join(process.env.PROMETHEUS_FOLDER ?? '', 'prometheus');
  const options = [
    '--config.file=prometheus.yml',
    '--storage.tsdb.path=data',
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn(program, options, { cwd: folder, stdio: 'ignore' });
  await waitForPort(port);
  const api = `http://127.0.0.1:${port}/api/v1`;
  const range = (): [number, number] => [Date.now() - STEPS * intervalS * 1_000, Date.now()];
  return {
    scrape,
    query: async (expr) => {
      const found = await ask<{ value: Point }>(`${api}/query`, { query: adapt(expr) });
      return found.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    range,
    queryRange: async (expr) => {
      const [start, end] = range().map((ms) => String(ms / 1_000)) as [string, string];
      const found = await ask<{ values: Point[] }>(`${api}/query_range`, {
        query: adapt(expr),
        start,
        end,
        step: interval,
      });
      return found.map(({ metric, values }) => ({
        labels: metric,
        points: values.map(([time, value]) => [time, Number(value)]),
      }));
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      if (kept === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function hurry(text: string): string {
  return text
    .replaceAll('$__rate_interval', WINDOW)
    .replace(/^( +for: ).*$/gm, `$1${PAUSE}`)
    .replace(/(process_start_time_seconds < )\d+/g, `$1${Number.parseInt(WINDOW, 10)}`)
    .replace(/\[\d+[mh]:\w+\]/g, `[${WINDOW}:1s]`)
    .replace(/\[\d+[mh]\]/g, `[${WINDOW}]`);
}

type Point = readonly [time: number, value: string];

async function ask<T>(url: string, query: Readonly<Record<string, string>>) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(query) });
  const answer = (await response.json()) as {
    readonly error?: string;
    readonly data?: { readonly result: readonly (T & { readonly metric: Record<string, string> })[] };
  };
  if (!answer.data) throw new Error(`${query.query}: ${answer.error}`);
  return answer.data.result;
}
