/**
 * What Redis does with a batch of changes, as one script, and so atomically: apply them, and say what came of it.
 *
 * ```text
 *  KEYS  the mark of this process, then the key of each entry
 *  ARGV  the batch's number, the expiry in ms or 0, the layout, then the changes of each entry, as JSON
 * ```
 * An entry is a hash, readable by people: `server`, a field for each count and tag, three for each rate. Rates turn by
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
import type { Layout } from '../data-types.ts'

/** The numbers of an entry, in the order in which they are sent and answered. */
export interface Fields {
  readonly counts: readonly string[]
  readonly rates: readonly (readonly [name: string, periodMs: number])[]
  readonly tags: readonly string[]
}

export function fieldsOf({ events, tagCount }: Layout): Fields {
  return {
    counts: events.filter(({ count }) => count !== -1).map(({ name }) => `${name}_cnt`),
    rates: events.filter(({ rate }) => rate !== -1).map(({ name, periodMs }) => [`${name}_rate`, periodMs]),
    tags: Array.from({ length: tagCount }, (_, at) => `gpt.${at}`),
  }
}

export const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local number, expiry = tonumber(ARGV[1]), tonumber(ARGV[2])
local layout = cjson.decode(ARGV[3])
local counts, rates, tags = layout.counts, layout.rates, layout.tags

local fields = { 'server' }
for _, name in ipairs(counts) do fields[#fields + 1] = name end
for _, rate in ipairs(rates) do
  for _, part in ipairs({ '.began', '.current', '.previous' }) do fields[#fields + 1] = rate[1] .. part end
end
for _, name in ipairs(tags) do fields[#fields + 1] = name end

local fresh = (tonumber(redis.call('GET', KEYS[1]) or 0) or 0) < number
if fresh then redis.call('SET', KEYS[1], number, 'PX', 86400000) end

local function update(key, change)
  if fresh and change.deleted then redis.call('DEL', key) end
  local values = redis.pcall('HMGET', key, unpack(fields))
  if values.err then return 0 end
  local answer, set, at = {}, {}, 1
  local function put(field, value)
    set[#set + 1] = field
    set[#set + 1] = value
  end

  local server = values[1]
  if fresh and change.server and (not server or server == change.found) then
    server = change.server
    put('server', server)
  end
  answer[1] = server or false

  for i, name in ipairs(counts) do
    at = at + 1
    local value = tonumber(values[at] or 0) or 0
    local by = fresh and change.counts and change.counts[i] or 0
    if by ~= 0 then
      value = math.max(0, value + by)
      put(name, value)
    end
    answer[at] = value
  end

  for i, rate in ipairs(rates) do
    local began, current, previous = tonumber(values[at + 1] or 0) or 0, tonumber(values[at + 2] or 0) or 0, tonumber(values[at + 3] or 0) or 0
    local period = rate[2]
    if now - began >= period then
      if now - began >= 2 * period then
        began, previous = now, 0
      else
        began, previous = began + period, current
      end
      current = 0
    end
    local by = fresh and change.rates and change.rates[i] or 0
    if by ~= 0 then
      current = current + by
      put(rate[1] .. '.began', began)
      put(rate[1] .. '.current', current)
      put(rate[1] .. '.previous', previous)
    end
    answer[at + 1], answer[at + 2], answer[at + 3] = now - began, current, previous
    at = at + 3
  end

  for i, name in ipairs(tags) do
    at = at + 1
    local value = tonumber(values[at] or 0) or 0
    local tag = fresh and change.tags and change.tags[tostring(i - 1)]
    if tag then
      value = tag
      put(name, value)
    end
    answer[at] = value
  end

  if #set > 0 then redis.call('HSET', key, unpack(set)) end
  if expiry > 0 then redis.call('PEXPIRE', key, expiry) end
  return answer
end

local answers = {}
for i = 2, #KEYS do answers[i - 1] = update(KEYS[i], cjson.decode(ARGV[i + 2])) end
return answers
`

/** What EVALSHA calls it by. */
export const scriptHash = createHash('sha1').update(script).digest('hex')
