import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/cli/start/ports.js';
import { waitForPort } from '../../support/servers/redis-server.js';

/** One series of an answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusServer {
  /** Replaces the programs that it scrapes; `host:port` each. */
  scrape(addresses: readonly string[]): void;
  /** Evaluates a query of the dashboard or of the rules now; `$__rate_interval` is the window. */
  query(expr: string): Promise<readonly Sample[]>;
  stop(): Promise<void>;
}

/** Window of rates instead of minutes or hours, and pause before an alert fires. Thresholds stay as they are. */
const WINDOW = '10s';
const PAUSE = '2s';

/**
 * Starts a real Prometheus on a free port with the rules of deploy/observability, in a hurry: it scrapes and evaluates
 * every second, with short windows.
 */
export async function startPrometheus(): Promise<PrometheusServer> {
  const folder = mkdtempSync(join(tmpdir(), 'face-prometheus-'));
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
  write('alerts.yaml', hurry(readFileSync('deploy/observability/alerts.yaml', 'utf8')));
  write('prometheus.yml', {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
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
  return {
    scrape,
    query: (expr) => ask(`http://127.0.0.1:${port}/api/v1/query`, hurry(expr)),
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function hurry(text: string): string {
  return text
    .replaceAll('$__rate_interval', WINDOW)
    .replace(/^( +for: ).*$/gm, `$1${PAUSE}`)
    .replace(/\[\d+[mh]:\w+\]/g, `[${WINDOW}:1s]`)
    .replace(/\[\d+[mh]\]/g, `[${WINDOW}]`);
}

async function ask(url: string, query: string): Promise<readonly Sample[]> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ query }) });
  const answer = (await response.json()) as {
    readonly error?: string;
    readonly data?: {
      readonly result: readonly { metric: Record<string, string>; value: [number, string] }[];
    };
  };
  if (!answer.data) throw new Error(`${query}: ${answer.error}`);
  return answer.data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
}
