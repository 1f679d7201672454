/**
 * Rules that change lists of patterns: HAProxy's `add-acl`, `del-acl`, `set-map`, `del-map`.
 *
 * What is added comes of clients: a list takes no more of it than its `maxEntries`.
 */
import { Rule } from '../action.ts'
import { refuse } from '../options.ts'
import { PatternList } from '../patterns/pattern-list.ts'
import type { RequestScope } from '../scope.ts'
import { laterStage } from '../stage.ts'
import { quoted, type Text, writtenText } from '../text.ts'

/** Add a pattern, unless the list has it. HAProxy's `add-acl`. @throws {RuleError} `EVENER_INVALID_OPTION` */
export function addAcl<S = unknown>(list: PatternList, pattern: Text<S>): Rule<RequestScope & S> {
  return changing('add-acl', list, pattern, key => {
    if (!list.has(key)) list.offer(key)
  })
}

/** Take a pattern out. HAProxy's `del-acl`. @throws {RuleError} `EVENER_INVALID_OPTION` */
export function delAcl<S = unknown>(list: PatternList, pattern: Text<S>): Rule<RequestScope & S> {
  return changing('del-acl', list, pattern, key => list.delete(key))
}

/** Give a pattern another value, or add it. HAProxy's `set-map`. @throws {RuleError} `EVENER_INVALID_OPTION` */
export function setMap<S = unknown>(
  list: PatternList,
  pattern: Text<S>,
  value: Text<S>,
): Rule<RequestScope & S> {
  const text = writtenText('set-map value', value)
  const rule = changing<S>('set-map', list, pattern, (key, scope) => {
    const written = text.write(scope)
    if (list.set(key, written) === 0) list.offer(key, written)
  })
  return new Rule<RequestScope & S>(
    `${rule.text} ${quoted(text.text)}`,
    laterStage('set-map', rule.needs, text.needs),
    rule.act,
    rule.places,
  )
}

/** Take a pattern and its value out. HAProxy's `del-map`. @throws {RuleError} `EVENER_INVALID_OPTION` */
export function delMap<S = unknown>(list: PatternList, pattern: Text<S>): Rule<RequestScope & S> {
  return changing('del-map', list, pattern, key => list.delete(key))
}

function changing<S>(
  keyword: string,
  list: PatternList,
  pattern: Text<S>,
  change: (pattern: string, scope: RequestScope & S) => unknown,
): Rule<RequestScope & S> {
  if (!(list instanceof PatternList)) refuse(keyword, list, 'a patternList()')
  if (keyword.endsWith('-map') !== list.isMap)
    refuse(
      keyword,
      list.name,
      list.isMap ? 'set-map and del-map, for a map' : 'add-acl and del-acl, for a list without values',
    )
  const text = writtenText(keyword, pattern)
  return new Rule<RequestScope & S>(
    `${keyword}(${list.name}) ${quoted(text.text)}`,
    laterStage(keyword, 'request', text.needs),
    scope => {
      const key = text.write(scope)
      if (key !== '') change(key, scope)
      return undefined
    },
    ['request', 'response'],
  )
}
