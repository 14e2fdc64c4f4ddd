/**
 * Makes a batch exist: gives its staged lines their final name, records it, and notes every place as not ended.
 * KEYS: record, staged lines, lines, places left, open batches. ARGV: batch id, number of lines, time, then the fields of
 * the record. Returns 1, or 0 if the batch exists already.
 */
export const COMMIT = `
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('DEL', KEYS[2])
  return 0
end
local total = tonumber(ARGV[2])
if redis.call('HLEN', KEYS[2]) ~= total then return redis.error_reply('ERR the staged lines have expired') end
redis.call('RENAME', KEYS[2], KEYS[3])
redis.call('PERSIST', KEYS[3])
redis.call('DEL', KEYS[4])
for place = 1, total do redis.call('SADD', KEYS[4], place) end
redis.call('HSET', KEYS[1], 'total', total, 'created_at', ARGV[3], unpack(ARGV, 4))
redis.call('ZADD', KEYS[5], ARGV[3], ARGV[1])
return 1`;

/** KEYS: places left. ARGV: places of jobs that have ended. Returns how many of them were left, and how many are left. */
export const NOTE_ENDED = `
return {redis.call('SREM', KEYS[1], unpack(ARGV)), redis.call('SCARD', KEYS[1])}`;

/**
 * Records that nothing is left to do for a batch, and wakes up its waiting callers. A line can be left whose job has
 * ended: the program that queued it died before it dropped the line.
 * KEYS: record, places left, lines, open batches, events of the queue. ARGV: batch id, retention in s, events kept.
 */
export const CONCLUDE = `
redis.call('HDEL', KEYS[1], 'callback_url')
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('DEL', KEYS[2], KEYS[3])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[3], '*', 'event', 'batch', 'jobId', ARGV[1])`;

/**
 * Returns the state of each job of a batch from one place to another, as a view of the job shows it.
 * KEYS: lines that are not in the queue yet, running jobs. ARGV: start of the keys of this batch's jobs, of its cancelled
 * jobs and of its recorded outcomes; batch id; first and last place.
 */
export const READ_STATES = `
local active = {}
for _, jobId in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do active[jobId] = true end

local function decode(text)
  local isJson, value = pcall(cjson.decode, text)
  if isJson and type(value) == 'table' then return value end
  return {}
end

local function stateOf(outcome)
  if outcome.ok == true and type(outcome.matched) == 'boolean' then return 'completed' end
  if outcome.ok == false and outcome.code == 'job_cancelled' then return 'cancelled' end
  return 'failed'
end

local function read(place)
  local job = redis.pcall('HMGET', ARGV[1] .. place, 'timestamp', 'finishedOn', 'returnvalue')
  if job.err then return 'removed' end
  local acceptedAt, finishedOn, returned = unpack(job)
  if not acceptedAt then
    if redis.call('EXISTS', ARGV[2] .. place) == 1 then return 'cancelled' end
    if redis.call('HEXISTS', KEYS[1], place) == 1 then return 'queued' end
    return 'removed'
  end
  if not finishedOn then return active[ARGV[4] .. '-' .. place] and 'active' or 'queued' end
  if returned then return stateOf(decode(returned)) end
  local recorded = decode(redis.pcall('GET', ARGV[3] .. place))
  if recorded.accepted_at == tonumber(acceptedAt) and type(recorded.outcome) == 'table' then
    return stateOf(recorded.outcome)
  end
  return 'failed'
end

local states = {}
for place = tonumber(ARGV[5]), tonumber(ARGV[6]) do states[#states + 1] = read(place) end
return states`;
