/** `show info`, `show version`, `show env`: about the process. */
import { columns } from '../../columns.ts'
import type { ProcessInfo } from '../../process-info.ts'
import { type Command, CommandError } from '../command.ts'

/** That of Node: tools such as hatop go by there being a version and a date. */
const version = process.version.slice(1)
const releaseDate = 'unknown'

const uptime = (seconds: number): string => {
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  )
  const two = (value: number) => String(value).padStart(2, '0')
  return `${days}d ${hours}h${two(minutes as number)}m${two(seconds % 60)}s`
}

/** In the order and with the names of HAProxy, with what only HAProxy has left out. */
function fieldsOf(info: ProcessInfo): [name: string, value: string | number][] {
  return [
    ['Name', info.Name],
    ['Version', version],
    ['Release_date', releaseDate],
    ['Nbproc', info.Nbproc],
    ['Process_num', info.Process_num],
    ['Pid', info.Pid],
    ['Uptime', uptime(info.Uptime_sec)],
    ['Uptime_sec', info.Uptime_sec],
    ['Memmax_MB', 0],
    ['Ulimit-n', 0],
    ['Maxsock', 0],
    ['Maxconn', info.Maxconn],
    ['Hard_maxconn', info.Maxconn],
    ['CurrConns', info.CurrConns],
    ['CumConns', info.CumConns],
    ['CumReq', info.CumReq],
    ['Maxpipes', 0],
    ['PipesUsed', 0],
    ['PipesFree', 0],
    ['ConnRate', info.ConnRate],
    ['ConnRateLimit', 0],
    ['MaxConnRate', info.MaxConnRate],
    ['SessRate', info.ConnRate],
    ['SessRateLimit', 0],
    ['MaxSessRate', info.MaxConnRate],
    ['CompressBpsIn', 0],
    ['CompressBpsOut', 0],
    ['CompressBpsRateLim', 0],
    ['Tasks', 0],
    ['Run_queue', 0],
    ['Idle_pct', info.Idle_pct],
    ['node', info.node],
    ['TotalBytesOut', info.TotalBytesOut],
    ['Memory_bytes', info.Memory_bytes],
    ['Start_time_sec', info.Start_time_sec],
  ]
}

const showInfo: Command = {
  words: 'show info',
  usage: ['[json|typed]', 'report information about the running process'],
  run: async ({ statistics, args: [format] }) => {
    if (![undefined, 'json', 'typed'].includes(format))
      throw new CommandError('show info: expects json, typed or nothing.')
    const fields = fieldsOf((await statistics.snapshot()).info)
    if (format === 'json') {
      const list = fields.map(([name, value], pos) => ({
        field: { pos, name },
        processNum: 1,
        tags: { origin: 'Metric', nature: 'Gauge', scope: 'Process' },
        value: { type: typeof value === 'string' ? 'str' : 'u64', value },
      }))
      return `${JSON.stringify(list)}\n`
    }
    if (format === 'typed')
      return fields
        .map(
          ([name, value], pos) =>
            `${pos}.${name}.1:MGP:${typeof value === 'string' ? 'str' : 'u64'}:${value}\n`,
        )
        .join('')
    return fields.map(([name, value]) => `${name}: ${value}\n`).join('')
  },
}

const showVersion: Command = {
  words: 'show version',
  usage: ['', 'show version of the current process'],
  run: () => `${version}\n`,
}

const showEnv: Command = {
  words: 'show env',
  usage: ['[<name>]', 'dump environment variables known to the process'],
  level: 'operator',
  run: ({ args: [name] }) => {
    const entries = Object.entries(process.env).filter(([key]) => name === undefined || key === name)
    if (entries.length === 0) throw new CommandError('Variable not found')
    // A value may hold an end of a line, and must not end what is said.
    return entries.map(([key, value]) => `${key}=${(value ?? '').replaceAll('\n', '\\n')}\n`).join('')
  },
}

const showSchema: Command = {
  words: 'show schema json',
  usage: ['', 'report schema used for stats'],
  run: () => {
    const schema = {
      $schema: 'http://json-schema.org/draft-04/schema#',
      title: 'Lines of show stat json',
      type: 'array',
      items: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            objType: { enum: ['Frontend', 'Backend', 'Server'] },
            proxyId: { type: 'integer' },
            id: { type: 'integer' },
            field: { properties: { pos: { type: 'integer' }, name: { enum: columns } } },
            processNum: { type: 'integer' },
            tags: { type: 'object' },
            value: { properties: { type: { type: 'string' }, value: { type: ['string', 'integer'] } } },
          },
        },
      },
    }
    return `${JSON.stringify(schema)}\n`
  },
}

export const aboutProcess: readonly Command[] = [showInfo, showVersion, showEnv, showSchema]
