// Runs API, worker and a Redis in this container until a signal ends it: node all-in-one.mjs FOLDER [SERVER]
// FOLDER: where Redis keeps its data. SERVER: redis-server or valkey-server. With REDIS_URL set, no Redis is started.
const { runAllInOne } = await import(new URL('../dist/cli/all-in-one.js', import.meta.url));

const [folder = '', redis = 'redis-server'] = process.argv.slice(2);
await runAllInOne({ environment: process.env, folder, redis });
