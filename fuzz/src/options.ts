/** The command line. */
import { parseArgs } from 'node:util'

export interface FuzzOptions {
  readonly command: 'codec' | 'proxy' | 'help'
  /** Streams to try. */
  readonly messages: number
  /** The seed of the first; each further one is the next number. */
  readonly seed: number
}

export const usage = `Usage: npx pnpm@12 fuzz codec [--messages 10000000] [--seed N]
       npx pnpm@12 fuzz proxy [--messages 200000] [--seed N]

  codec   streams of messages into the codec beside llhttp
  proxy   the same through a running frontend, beside llhttp, HAProxy and nginx, and damaged responses back

  --messages N   streams to try, each of one to three messages or more
  --seed N       the seed of the first stream; another one each time by default, which is printed
`

const byDefault = { codec: 10_000_000, proxy: 200_000 }

/** @throws an Error that names what is wrong and what is allowed */
export function parseOptions(args: readonly string[], now: number = Date.now()): FuzzOptions {
  const { values, positionals } = parseArgs({
    args: args.filter(arg => arg !== '--'),
    allowPositionals: true,
    options: {
      messages: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [command, ...others] = positionals
  if (values.help) return { command: 'help', messages: 0, seed: 0 }
  if (others.length > 0 || (command !== 'codec' && command !== 'proxy')) {
    throw new Error(`"${positionals.join(' ')}" is not a command: there are codec and proxy`)
  }
  return {
    command,
    messages: whole('--messages', values.messages, byDefault[command], 1_000_000_000),
    seed: whole('--seed', values.seed, now % 2_000_000_000, 0xff_ff_ff_ff),
  }
}

function whole(name: string, text: string | undefined, otherwise: number, most: number): number {
  if (text === undefined) return otherwise
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new Error(`${name}: ${text} is not a whole number from 0 to ${most}`)
  }
  return value
}
