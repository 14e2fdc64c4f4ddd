// Exits with 0 if a URL of this container answers 2xx within two seconds, otherwise with 1. Slim images have no curl.
//   node healthcheck.mjs http://127.0.0.1:8333/health
const url = process.argv[2] ?? '';

try {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  process.exitCode = response.ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}
