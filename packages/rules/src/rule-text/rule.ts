/**
 * Rules as HAProxy writes them, behind `http-request` and its like: `set-header X-Ssl %[ssl_fc] if { path_beg /api }`.
 *
 * Each becomes what the function of the same name makes; what that function refuses is refused here.
 */
import type { Place, Rule } from '../action.ts'
import { type AclContext, conditionOf } from '../conditions/acl.ts'
import type { ScopeAt } from '../expression/expression.ts'
import { refuse } from '../options.ts'
import type { RequestScope, ResponseScope } from '../scope.ts'
import type { Stage } from '../stage.ts'
import { makers } from './rule-makers.ts'
import { RuleWords } from './rule-words.ts'
import { wordsOf } from './words.ts'

/** What a rule's text refers to. */
export interface RuleContext extends AclContext {
  /** The backend of a name, for `use_backend`. */
  readonly backend?: ((name: string) => object | undefined) | undefined
}

/** What the rules of each place are run with. */
export interface RuleScopes {
  readonly connection: ScopeAt['connection']
  readonly content: ScopeAt['content']
  readonly request: RequestScope
  readonly response: ResponseScope
  readonly afterResponse: ResponseScope
}

/**
 * Compile a rule.
 * @param place the list that it stands in: what is not known there is refused
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function rule<P extends Place>(
  text: string,
  place: P,
  context: RuleContext = {},
): Rule<RuleScopes[P]> {
  const words = wordsOf('rule', text)
  const [keyword = ''] = words
  const at: Stage = place === 'afterResponse' ? 'response' : place
  const start = words.findIndex((word, index) => index > 0 && (word === 'if' || word === 'unless'))
  const own = words.slice(0, start === -1 ? words.length : start)
  // Some have their first argument in parentheses: `set-var(txn.a) src`.
  const [, name = keyword, argument] = /^([a-z0-9_-]+)\((.*)\)$/s.exec(keyword) ?? []
  const make = makers.get(name)
  if (make === undefined) refuse('rule', keyword, `an action: ${[...makers.keys()].join(', ')}`)
  const given = new RuleWords(name, argument, own.slice(1), at, context)
  const made = make(given) as unknown as Rule<RuleScopes[P]>
  given.end()
  if (made.places?.includes(place) === false)
    refuse('rule', text, `a rule for this list; this is one for ${made.places.join(', ')}`)
  if (start === -1) return made
  const condition = conditionOf(words.slice(start + 1), words.slice(start + 1).join(' '), at, context)
  return (words[start] === 'if' ? made.if(condition as never) : made.unless(condition as never)) as Rule<
    RuleScopes[P]
  >
}
