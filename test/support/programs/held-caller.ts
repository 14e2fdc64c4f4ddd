import { type ClientRequest, request } from 'node:http';

/** A caller who waits for his answer; without fetch, which costs milliseconds each when there are a thousand. */
export interface HeldCaller {
  /** Ends the connection without having read an answer. */
  hangUp(): void;
}

/** Posts `body` and waits. Comes again when he is told that the service is busy. */
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
