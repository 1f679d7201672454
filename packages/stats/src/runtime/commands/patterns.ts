/** `show`, `get`, `add`, `set`, `del` and `clear` of ACLs and maps: the lists of patterns that conditions and maps use. */
import type { PatternList } from '@evener/rules'
import { type Call, type Command, CommandError } from '../command.ts'
import { patternsNamed } from '../find.ts'

/** One line, whatever a pattern holds. */
const shown = (text: string): string => text.replaceAll(/[\r\n]/g, ' ')

function* list({ patterns }: Call, maps: boolean): Generator<string> {
  yield '# id (file) description\n'
  for (const [number, { name, file, size, isMap }] of patterns.entries()) {
    if (maps && !isMap) continue
    const from =
      file === undefined ? `pattern list '${shown(name)}'` : `pattern loaded from file '${shown(file)}'`
    yield `${number} (${shown(file ?? '')}) ${from}. curr_ver=0 next_ver=0 entry_cnt=${size}\n`
  }
}

function* entries(patterns: PatternList): Generator<string> {
  for (const { id, pattern, value } of patterns.entries())
    yield `0x${id.toString(16)} ${shown(pattern)}${value === undefined ? '' : ` ${shown(value)}`}\n`
}

/** Without a version: changes are seen at once. */
const unversioned = (args: readonly string[]): readonly string[] => {
  if (args[0]?.startsWith('@') === true)
    throw new CommandError('Versions are not kept here: changes are seen at once.')
  return args
}

function commandsFor(what: 'acl' | 'map'): Command[] {
  const maps = what === 'map'
  const named = (call: Call) => patternsNamed(call, unversioned(call.args)[0], maps)
  const pair = maps ? '<key> <value>' : '<pattern>'
  return [
    {
      words: `show ${what}`,
      usage: [`[<${what}>]`, `report available ${what}s or dump one's contents`],
      run: call => (call.args.length === 0 ? list(call, maps) : entries(named(call))),
    },
    {
      words: `get ${what}`,
      usage: [`<${what}> <value>`, `report the patterns of this very text`],
      run: call => {
        const [, value] = call.args
        if (value === undefined) throw new CommandError('Missing value.')
        const found = [...named(call).entries()].find(({ pattern }) => pattern === value)
        if (found === undefined) return maps ? 'found=no\n' : 'match=no\n'
        return maps
          ? `found=yes, key="${shown(found.pattern)}", value="${shown(found.value ?? '')}"\n`
          : `match=yes, pattern="${shown(found.pattern)}"\n`
      },
    },
    {
      words: `add ${what}`,
      usage: [`<${what}> ${pair}`, `add an entry (payload supported)`],
      level: 'operator',
      changes: true,
      run: call => {
        const patterns = named(call)
        const [, pattern, value] = call.args
        const lines =
          call.payload === undefined
            ? [[pattern, value] as const]
            : call.payload
                .split('\n')
                .filter(line => line.trim() !== '')
                .map(readLine)
        for (const [one, with_] of lines) {
          if (one === undefined || (maps && with_ === undefined))
            throw new CommandError(
              `'add ${what}' expects ${maps ? 'three' : 'two'} parameters: ${what} identifier, ${pair}.`,
            )
        }
        for (const [one, with_] of lines) patterns.add(one as string, maps ? with_ : undefined)
        return ''
      },
    },
    {
      words: `del ${what}`,
      usage: [`<${what}> [<key>|#<ref>]`, 'delete the entries of this text, or one entry'],
      level: 'operator',
      changes: true,
      run: call => {
        const patterns = named(call)
        const key = call.args[1]
        if (key === undefined) throw new CommandError('Missing key.')
        const done = /^#0x[\da-f]+$/i.test(key)
          ? patterns.deleteId(Number(key.slice(1)))
          : patterns.delete(key) > 0
        if (!done) throw new CommandError('Key not found.')
        return ''
      },
    },
    {
      words: `clear ${what}`,
      usage: [`<${what}>`, `clear the contents of this ${what}`],
      level: 'operator',
      changes: true,
      run: call => {
        named(call).clear()
        return ''
      },
    },
  ]
}

/** A line of a payload: up to the first space is the pattern. */
function readLine(line: string): readonly [string | undefined, string | undefined] {
  const match = /^\s*(\S+)(?:\s+(.*?))?\s*$/.exec(line)
  return [match?.[1], match?.[2]]
}

const setMap: Command = {
  words: 'set map',
  usage: ['<map> <key> <value>', 'modify a map entry'],
  level: 'operator',
  changes: true,
  run: call => {
    const [, key, value] = unversioned(call.args)
    if (key === undefined || value === undefined)
      throw new CommandError("'set map' expects three parameters: map identifier, key and value.")
    if (patternsNamed(call, call.args[0], true).set(key, value) === 0)
      throw new CommandError('Key not found.')
    return ''
  },
}

export const onPatterns: readonly Command[] = [...commandsFor('acl'), ...commandsFor('map'), setMap]
