/**
 * Conditions as HAProxy writes them (manual, sections 7.1 and 7.2).
 *
 * ```text
 *   condition  term { "or" term | "||" term }
 *   term       { [ "!" ] ( name | "{" acl "}" ) }
 *   acl        criterion { flag } [ operator ] { pattern }
 *   criterion  an expression; or one fetch with a method behind its name: `path_beg`, `hdr_dom(host)`
 *   flag       -i  -m method  -f file  -M (the file is a map)  -n  -u id  --
 * ```
 */
import { all, any, type Condition, not } from '../condition.ts'
import { expression, type ScopeAt } from '../expression/expression.ts'
import { fetches } from '../expression/fetch-catalogue.ts'
import { listOf, type Names } from '../expression/names.ts'
import { refuse } from '../options.ts'
import type { MatchMethod } from '../patterns/methods.ts'
import { PatternList } from '../patterns/pattern-list.ts'
import { wordsOf } from '../rule-text/words.ts'
import type { Sample } from '../sample.ts'
import type { Stage } from '../stage.ts'
import type { AnyType, Value } from '../value.ts'
import { compare } from './compare.ts'
import { bool, found } from './match.ts'
import { predefined } from './predefined.ts'

/** What a condition's text refers to. */
export interface AclContext {
  /** Named conditions, beside the predefined ones. */
  readonly acls?: Readonly<Record<string, Condition<never>>> | undefined
  /** What expressions and lists of patterns refer to. */
  readonly names?: Names | undefined
}

const methods = ['str', 'beg', 'end', 'sub', 'dir', 'dom', 'reg', 'bin', 'int', 'len', 'ip'] as const
const operators = ['eq', 'ge', 'gt', 'le', 'lt']
const suffix = /^([A-Za-z0-9._]+)_(beg|end|sub|dir|dom|reg|len|str|ip|int)(\(.*|)$/s

type Method = MatchMethod | 'found' | 'bool'

/**
 * Compile one test: `path_beg -i /api /v2`, `req.hdr(host),lower -m end .example.com`, `status ge 500`.
 * @param at when it will be asked: what is not known then is refused
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function acl<A extends Stage>(text: string, at: A, context: AclContext = {}): Condition<ScopeAt[A]> {
  const compiled = compile(wordsOf('acl', text), at, context)
  return { ...compiled, text: `{ ${text} }` } as Condition<ScopeAt[A]>
}

/**
 * Compile a condition, as it stands behind `if`: `METH_GET { path_beg /api } or !local`.
 * @param at when it will be asked: what is not known then is refused
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function condition<A extends Stage>(
  text: string,
  at: A,
  context: AclContext = {},
): Condition<ScopeAt[A]> {
  return conditionOf(wordsOf('condition', text), text, at, context)
}

/** The same of words. */
export function conditionOf<A extends Stage>(
  words: readonly string[],
  text: string,
  at: A,
  context: AclContext,
): Condition<ScopeAt[A]> {
  const terms: Condition<never>[][] = [[]]
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string
    if (word === 'or' || word === '||') {
      terms.push([])
      continue
    }
    let negated = false
    let name = word
    while (name.startsWith('!')) {
      negated = !negated
      name = name.slice(1)
      if (name === '') name = words[++index] ?? ''
    }
    let one: Condition<never>
    if (name === '{') {
      const end = words.indexOf('}', index)
      if (end === -1) refuse('condition', text, 'a closing } as a word of its own')
      one = compile(words.slice(index + 1, end), at, context)
      index = end
    } else one = named(name, at, context)
    terms.at(-1)!.push(negated ? not(one) : one)
  }
  if (terms.some(term => term.length === 0))
    refuse('condition', text, 'names of conditions, or { conditions }')
  const [first = []] = terms
  const joined = terms.length === 1 ? conjunction(first) : any(...terms.map(conjunction))
  return { ...joined, text } as Condition<ScopeAt[A]>
}

function conjunction(term: readonly Condition<never>[]): Condition<never> {
  return term.length === 1 ? (term[0] as Condition<never>) : all(...term)
}

function named(name: string, at: Stage, context: AclContext): Condition<never> {
  const { acls } = context
  if (acls !== undefined && Object.hasOwn(acls, name)) return acls[name] as Condition<never>
  // Where there is a request it is one of HTTP; at layer 4 that has to be looked at.
  const isHttp = name === 'HTTP' && at !== 'content'
  const text = isHttp ? 'always_true' : predefined.get(name)
  if (text === undefined) refuse('condition', name, 'the name of a condition')
  return compile(wordsOf('condition', text), at, {})
}

function compile(words: readonly string[], at: Stage, context: AclContext): Condition<never> {
  const [criterion, ...rest] = words
  if (criterion === undefined) refuse('acl', '', 'a criterion, such as path')
  const { value, implied } = read(criterion, at, context)
  const patterns = readPatterns(rest, context)
  const method = patterns.method ?? implied ?? defaultMethod(value.type)
  if (method === undefined)
    refuse('acl', criterion, `a criterion with -m and a method: ${value.type} has none by default`)
  if (method === 'found' || method === 'bool') {
    if (patterns.groups.length > 0) {
      // HAProxy compares a boolean with numbers where it is given some.
      if (method === 'found') refuse('acl', words.join(' '), 'no pattern for found')
      return compareAll('int', value, patterns.groups)
    }
    return method === 'found' ? found(value) : bool(value)
  }
  return compareAll(method, value, patterns.groups)
}

interface Group {
  readonly patterns: PatternList | string[]
  readonly ignoreCase: boolean
}

function compareAll(
  method: MatchMethod,
  value: Value<Sample, never>,
  groups: readonly Group[],
): Condition<never> {
  // Without patterns it can match nothing.
  if (groups.length === 0)
    return { text: `{ ${value.text} -m ${method} }`, needs: value.needs, test: () => false }
  const conditions = groups.map(({ patterns, ignoreCase }) => {
    const list = patterns instanceof PatternList || !isNumeric(method) ? patterns : compared(patterns)
    return compare(method, value, list, { ignoreCase })
  })
  return conditions.length === 1 ? (conditions[0] as Condition<never>) : any(...conditions)
}

function isNumeric(method: MatchMethod): method is 'int' | 'len' {
  return method === 'int' || method === 'len'
}

/** An operator holds for all numbers behind it. */
function compared(words: readonly string[]): string[] {
  const patterns: string[] = []
  let operator = ''
  for (const word of words) {
    if (operators.includes(word)) operator = `${word} `
    else patterns.push(operator + word)
  }
  return patterns
}

function read(
  criterion: string,
  at: Stage,
  { names }: AclContext,
): { readonly value: Value<Sample, never>; readonly implied: Method | undefined } {
  const keyword = /^[A-Za-z0-9._+:-]+/.exec(criterion)?.[0] ?? ''
  const parts = fetches.has(keyword) ? null : suffix.exec(criterion)
  if (parts === null) return { value: expression(criterion, at, names), implied: undefined }
  const [, base = '', method, argument = ''] = parts
  const value = expression(base + argument, at, names)
  // With converters behind it, the method in the name does not count (manual, section 7.1).
  const converted = value.text.replace(/\([^)]*\)/g, '').includes(',')
  return { value, implied: converted ? undefined : (method as Method) }
}

function defaultMethod(type: AnyType): Method | undefined {
  switch (type) {
    case 'bool':
      return 'bool'
    case 'int':
      return 'int'
    case 'addr':
      return 'ip'
    case 'str':
      return 'str'
    default:
      return undefined
  }
}

function readPatterns(
  words: readonly string[],
  context: AclContext,
): { readonly method: Method | undefined; readonly groups: Group[] } {
  const groups: Group[] = []
  let method: Method | undefined
  let ignoreCase = false
  let isMap = false
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] as string
    if (word === '-i') ignoreCase = true
    else if (word === '-M') isMap = true
    else if (word === '-u') at++
    else if (word === '-m') method = methodOf(words[++at])
    else if (word === '-f') {
      const file = words[++at] ?? refuse('acl', word, 'a file behind it')
      groups.push({ patterns: listOf(context.names, file, isMap), ignoreCase })
    } else if (word === '--') {
      at++
      break
    } else if (word !== '-n') {
      if (/^-./.test(word)) refuse('acl', word, 'a flag, or -- before a pattern that begins with a dash')
      break
    }
  }
  const patterns = words.slice(at)
  if (patterns.length > 0) groups.push({ patterns, ignoreCase })
  return { method, groups }
}

function methodOf(word: string | undefined): Method {
  const known: readonly string[] = [...methods, 'found', 'bool']
  if (word === undefined || !known.includes(word)) refuse('-m', word, known.join(', '))
  return word as Method
}
