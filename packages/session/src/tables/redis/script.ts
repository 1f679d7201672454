/**
 * What Redis does with a batch of changes, as one script, and so atomically: apply them, and say what came of it.
 *
 * ```text
 *  KEYS  the mark of this process, then the key of each entry
 *  ARGV  the batch's number, the expiry in ms or 0, the layout, the changes of all entries, as JSON: an array for each,
 *        with the increments of counts and of rates, and behind them an object, where there is more to say
 * ```
 * An entry is a hash of two fields: `server`, and the numbers, 8 bytes each (little-endian doubles): counts, three for each
 * rate, tags. The name of that field lists them, so that processes with different stores do not read each other's numbers.
 * With a field for each number Redis took twice as long for a batch, and nobody else is served meanwhile. Rates turn by
 * Redis's own clock, so that all processes see the same period.
 *
 * **Once, and only once.** A connection may break when a batch was applied and its answer not heard. The batch is sent
 * again then, under the same number, and the mark says that it was applied: it is only answered. The mark lives as long in
 * Redis as the numbers do: what is lost with one is lost with the other.
 *
 * **Who knew counts.** A server is bound to a key where there is none, or where the one there is the one that the process
 * had found. So of many processes that bind a new key at once the first is right, and all others hear who that was.
 */
import { createHash } from 'node:crypto'
import type { EventColumns, Layout } from '../data-types.ts'

/** The numbers of an entry, and where each lies in what is sent. */
export interface Fields {
  /** By the index of an event: the place of what its count, its rate is increased by; -1 for one that is not kept. */
  readonly countAt: readonly number[]
  readonly rateAt: readonly number[]
  /** How many increments there are. */
  readonly width: number
  /** How many numbers an entry has. */
  readonly numbers: number
  /** As the script reads it. */
  readonly text: string
}

export function fieldsOf({ events, tagCount }: Layout): Fields {
  let width = 0
  const place = (column: number) => (column === -1 ? -1 : width++)
  const countAt = events.map(({ count }) => place(count))
  const rateAt = events.map(({ rate }) => place(rate))
  const counted = events.filter(({ count }) => count !== -1)
  const rated = events.filter(({ rate }) => rate !== -1)
  const numbers = counted.length + 3 * rated.length + tagCount
  const names = [
    ...counted.map(({ name }) => `${name}_cnt`),
    ...rated.map(({ name, periodMs }: EventColumns) => `${name}_rate/${periodMs}`),
    ...Array.from({ length: tagCount }, (_, at) => `gpt.${at}`),
  ]
  const text = JSON.stringify({
    field: `numbers ${names.join(' ')}`.trimEnd(),
    format: `<${'d'.repeat(numbers)}`,
    bytes: 8 * numbers,
    counts: counted.length,
    periods: rated.map(({ periodMs }) => periodMs),
    tags: tagCount,
  })
  return { countAt, rateAt, width, numbers, text }
}

export const script = `
local call, max = redis.call, math.max
local pack, parts = struct.pack, struct.unpack
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local number, expiry = tonumber(ARGV[1]), tonumber(ARGV[2])
local layout, changes = cjson.decode(ARGV[3]), cjson.decode(ARGV[4])
local field, format, bytes = layout.field, layout.format, layout.bytes
local counts, periods, tags = layout.counts, layout.periods, layout.tags
local rates = #periods
local width = counts + rates
local nothing, zeros = {}, string.rep('\\0', bytes)

local fresh = (tonumber(call('GET', KEYS[1]) or 0) or 0) < number
if fresh then call('SET', KEYS[1], number, 'PX', 86400000) end

local function update(key, change)
  local more = change[width + 1] or nothing
  if more.deleted then call('DEL', key) end
  local kept = redis.pcall('HMGET', key, 'server', field)
  if kept.err then return 0 end

  local server = kept[1]
  if more.server and (not server or server == more.found) then
    server = more.server
    call('HSET', key, 'server', server)
  end

  local text = kept[2]
  if not text or #text ~= bytes then text = zeros end
  local numbers = { server, parts(format, text) }
  local changed = false
  for i = 1, counts do
    local by = change[i] or 0
    if by ~= 0 then
      numbers[i + 1] = max(0, numbers[i + 1] + by)
      changed = true
    end
  end

  local at = counts + 2
  for i = 1, rates do
    local age, period = now - numbers[at], periods[i]
    if age >= period then
      local missed = age >= 2 * period
      numbers[at] = missed and now or numbers[at] + period
      numbers[at + 2] = missed and 0 or numbers[at + 1]
      numbers[at + 1] = 0
    end
    local by = change[counts + i] or 0
    if by ~= 0 then
      numbers[at + 1] = numbers[at + 1] + by
      changed = true
    end
    at = at + 3
  end

  if more.tags then
    for i = 0, tags - 1 do numbers[at + i] = more.tags[tostring(i)] or numbers[at + i] end
    changed = true
  end

  if changed then call('HSET', key, field, pack(format, unpack(numbers, 2, at + tags - 1))) end
  if expiry > 0 then call('PEXPIRE', key, expiry) end
  at = counts + 2
  for _ = 1, rates do
    numbers[at] = now - numbers[at]
    at = at + 3
  end
  numbers[at + tags] = nil
  return numbers
end

local answers = {}
for i = 2, #KEYS do answers[i - 1] = update(KEYS[i], fresh and changes[i - 1] or nothing) end
return answers
`

/** What EVALSHA calls it by. */
export const scriptHash = createHash('sha1').update(script).digest('hex')
