import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Status and body of an answer: an object as JSON, a text as Prometheus metrics. */
export type StatusAnswer = readonly [status: number, body: object | string];

export interface StatusServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The answer to GET by path. */
  readonly answers: Readonly<Record<string, () => StatusAnswer | Promise<StatusAnswer>>>;
}

export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves the state of a program to monitoring, on a port that callers do not use. @throws Error if it cannot listen. */
export async function startStatusServer({ host, port, answers }: StatusServerOptions): Promise<StatusServer> {
  const server = createServer(async (request, response) => {
    const answer = answers[request.url?.split('?')[0] ?? ''];
    const [status, body] = await readAnswer(isRead(request.method) ? answer : answer && refuseMethod);
    const isText = typeof body === 'string';
    const type = isText ? 'text/plain; version=0.0.4' : 'application/json';
    response.writeHead(status, { 'content-type': type }).end(isText ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const isRead = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD';
const refuseMethod = (): StatusAnswer => [405, { status: 'method_not_allowed' }];

async function readAnswer(answer: StatusServerOptions['answers'][string] | undefined): Promise<StatusAnswer> {
  try {
    return (await answer?.()) ?? [404, { status: 'not_found' }];
  } catch {
    return [500, { status: 'error' }];
  }
}
