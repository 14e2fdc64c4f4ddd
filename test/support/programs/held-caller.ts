import { type ClientRequest, request } from 'node:http';

/** A caller that waits for its answer. Does not use fetch, which costs milliseconds per call with a thousand callers. */
export interface HeldCaller {
  /** Closes the connection without reading an answer. */
  hangUp(): void;
}

/** Posts `body` and waits. Retries if the service is busy. */
export function holdCaller(
  url: string,
  { body, headers }: { readonly body: unknown; readonly headers: Readonly<Record<string, string>> },
): HeldCaller {
  let open: ClientRequest;
  let gone = false;
  const call = (): void => {
    open = request(url, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', ...headers },
    });
    open.on('response', (response) => {
      response.resume();
      if (response.statusCode === 503 && !gone) setTimeout(call, 100);
    });
    open.on('error', () => undefined);
    open.end(JSON.stringify(body));
  };
  call();
  return {
    hangUp: () => {
      gone = true;
      open.destroy();
    },
  };
}
