import { Client, Dispatcher } from 'undici';

/**
 * Sends each request over its own connection, which closes when the request is answered, abandoned half-read or
 * aborted. So requests of different callers share nothing, and no table of hosts grows. (A pooled client would open a
 * second, unused connection after an aborted response: nodejs/undici issue 5845.)
 */
export class OneShotDispatcher extends Dispatcher {
  readonly #clients = new Set<Client>();
  readonly #options: Client.Options;

  constructor(options: Client.Options) {
    super();
    this.#options = options;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (options.origin === undefined) throw new Error('a request without origin: this is a bug');
    const client = new Client(options.origin, { ...this.#options, pipelining: 0 });
    this.#clients.add(client);
    client.on('disconnect', () => void client.destroy());
    const accepted = client.dispatch(options, handler);
    const signal = signalOf(options);
    const abort = () => void client.destroy(signal?.reason instanceof Error ? signal.reason : null);
    signal?.addEventListener('abort', abort);
    // Waits for the request to end and then destroys the client.
    void client.close().then(() => {
      signal?.removeEventListener('abort', abort);
      this.#clients.delete(client);
    });
    return accepted;
  }

  /** Resolves when every request has ended. */
  override async close(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
  }

  /** Fails every request that still runs. */
  override async destroy(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.destroy()));
  }
}

/** Returns the request's signal, which undici passes on without declaring it, and observes only once connected. */
function signalOf(options: object): AbortSignal | undefined {
  return 'signal' in options && options.signal instanceof AbortSignal ? options.signal : undefined;
}
