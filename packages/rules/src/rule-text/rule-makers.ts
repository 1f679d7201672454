/** HAProxy's actions by name: how each is made of its words. */
import type { Rule } from '../action.ts'
import { setDst, setDstPort, setSrc, setSrcPort } from '../actions/addresses.ts'
import type { AnswerOptions } from '../actions/answer.ts'
import { deny, respond, tarpit } from '../actions/answers.ts'
import { capture, earlyHint, setLogLevel, setTimeouts, useBackend, useServer } from '../actions/carried.ts'
import { accept, allow, reject, silentDrop } from '../actions/ends.ts'
import {
  addHeader,
  delHeader,
  type NameMatch,
  replaceHeader,
  replaceValue,
  setHeader,
} from '../actions/headers.ts'
import { addAcl, delAcl, delMap, setMap } from '../actions/lists.ts'
import { type Normalizer, normalizeUri } from '../actions/normalize-uri.ts'
import { type RedirectOptions, redirect } from '../actions/redirect.ts'
import { setStatus } from '../actions/status.ts'
import { scAddGpc, scIncGpc, scSetGpt, trackSc } from '../actions/tables.ts'
import {
  replacePath,
  replacePathq,
  replaceUri,
  setMethod,
  setPath,
  setPathq,
  setQuery,
  setUri,
} from '../actions/target.ts'
import { type SetVarCondition, setVar, unsetVar } from '../actions/variables.ts'
import { pause, waitForBody } from '../actions/waits.ts'
import { refuse } from '../options.ts'
import type { PatternList } from '../patterns/pattern-list.ts'
import type { LogLevel, TimeoutName } from '../scope.ts'
import type { Text } from '../text.ts'
import type { Value } from '../value.ts'
import type { RuleWords } from './rule-words.ts'

type Made = Rule<never>
type Maker = (given: RuleWords) => Made

const ofName =
  (make: (name: string, text: Text<never>) => Made): Maker =>
  given =>
    make(given.word('the name of a field'), given.format('a format'))
const ofFormat =
  (make: (text: Text<never>) => Made): Maker =>
  given =>
    make(given.format('a format'))
const ofPattern =
  (make: (pattern: string, text: Text<never>) => Made): Maker =>
  given =>
    make(given.word('a regular expression'), given.format('a format'))
const ofNamedPattern =
  (make: (name: string, pattern: string, text: Text<never>) => Made): Maker =>
  given =>
    make(given.word('the name of a field'), given.word('a regular expression'), given.format('a format'))
const ofList =
  (isMap: boolean, make: (list: PatternList, given: RuleWords) => Made): Maker =>
  given => {
    const [file = ''] = given.arguments(1)
    // A copy of a file that nobody looks up in would be changed for nothing.
    const list = given.context.names?.list?.(file, isMap)
    return make(list ?? refuse(given.keyword, file, 'a list that names.list() has'), given)
  }

const entries: Readonly<Record<string, Maker>> = {
  accept,
  allow,
  reject,
  'silent-drop': silentDrop,
  'set-header': ofName(setHeader),
  'add-header': ofName(addHeader),
  'early-hint': ofName(earlyHint),
  'del-header': given => {
    const name = given.word('the name of a field')
    return delHeader(name, given.takes('-m') ? { match: given.word('a method') as NameMatch } : {})
  },
  'replace-header': ofNamedPattern(replaceHeader),
  'replace-value': ofNamedPattern(replaceValue),
  'set-method': ofFormat(setMethod),
  'set-path': ofFormat(setPath),
  'set-pathq': ofFormat(setPathq),
  'set-query': ofFormat(setQuery),
  'set-uri': ofFormat(setUri),
  'replace-path': ofPattern(replacePath),
  'replace-pathq': ofPattern(replacePathq),
  'replace-uri': ofPattern(replaceUri),
  'normalize-uri': given => {
    const normalizer = given.word('a normalizer') as Normalizer
    return normalizeUri(normalizer, { full: given.takes('full'), strict: given.takes('strict') })
  },
  'set-status': given =>
    setStatus(given.integer('a status'), given.takes('reason') ? given.word('a reason') : undefined),
  redirect: redirection,
  deny: given => deny(answer(given)),
  return: given => respond(answer(given)),
  tarpit: given => tarpit(answer(given)),
  'set-var': given => {
    const [name = '', ...conditions] = given.arguments(1)
    return setVar(name, given.value('an expression'), ...(conditions as SetVarCondition[]))
  },
  'set-var-fmt': given => {
    const [name = '', ...conditions] = given.arguments(1)
    const text = given.format('a format')
    return setVar(name, text as string | Value<string, never>, ...(conditions as SetVarCondition[]))
  },
  'unset-var': given => unsetVar(given.arguments(1)[0] as string),
  'set-log-level': given => setLogLevel(given.word('a level') as LogLevel),
  'set-timeout': given => setTimeouts({ [given.word('a timeout') as TimeoutName]: given.time('a time') }),
  'use-server': ofFormat(useServer),
  use_backend: given => {
    const name = given.word('the name of a backend')
    return useBackend(given.context.backend?.(name) ?? refuse('use_backend', name, 'the name of a backend'))
  },
  capture: given => {
    const value = given.value('an expression')
    const length = given.takes('len') ? given.integer('a length') : undefined
    return capture(value, { slot: given.takes('id') ? given.integer('a slot') : 0, length })
  },
  'set-src': given => setSrc(given.value('an expression')),
  'set-dst': given => setDst(given.value('an expression')),
  'set-src-port': given => setSrcPort(given.numeric('a port')),
  'set-dst-port': given => setDstPort(given.numeric('a port')),
  pause: given => pause(given.time('a time')),
  'wait-for-body': given => {
    if (!given.takes('time')) refuse('wait-for-body', given.maybeWord(), 'time, and how long')
    const timeoutMs = given.time('a time') as number
    return waitForBody({
      timeoutMs,
      bytes: given.takes('at-least') ? given.integer('bytes') || undefined : undefined,
    })
  },
  'track-sc0': given => tracking(0, given),
  'track-sc1': given => tracking(1, given),
  'track-sc2': given => tracking(2, given),
  'sc-inc-gpc': given => scIncGpc(...indexAndTracker(given)),
  'sc-inc-gpc0': given => scIncGpc(0, Number(given.arguments(1)[0])),
  'sc-inc-gpc1': given => scIncGpc(1, Number(given.arguments(1)[0])),
  'sc-add-gpc': given => scAddGpc(...indexAndTracker(given), given.numeric('a number')),
  'sc-set-gpt': given => scSetGpt(...indexAndTracker(given), given.numeric('a number')),
  'sc-set-gpt0': given => scSetGpt(0, Number(given.arguments(1)[0]), given.numeric('a number')),
  'add-acl': ofList(false, (list, given) => addAcl(list, given.format('a format'))),
  'del-acl': ofList(false, (list, given) => delAcl(list, given.format('a format'))),
  'set-map': ofList(true, (list, given) => setMap(list, given.format('a format'), given.format('a format'))),
  'del-map': ofList(true, (list, given) => delMap(list, given.format('a format'))),
}

function indexAndTracker(given: RuleWords): [index: number, tracker: number] {
  const [index, tracker] = given.arguments(2)
  return [Number(index), Number(tracker)]
}

function tracking(tracker: number, given: RuleWords): Made {
  const key = given.value('an expression')
  return trackSc(tracker, key, given.takes('table') ? given.word('the name of a table') : undefined)
}

function redirection(given: RuleWords): Made {
  const options: { -readonly [K in keyof RedirectOptions<never>]: RedirectOptions<never>[K] } = {}
  while (given.more) {
    const word = given.word('an option')
    if (word === 'location' || word === 'prefix' || word === 'scheme')
      options[word] = given.format('a format')
    else if (word === 'code') options.code = given.integer('a status') as 302
    else if (word === 'drop-query') options.dropQuery = true
    else if (word === 'append-slash') options.appendSlash = true
    else if (word === 'ignore-empty') options.ignoreEmpty = true
    else if (word === 'keep-query') options.keepQuery = true
    else if (word === 'set-cookie') options.setCookie = given.word('a cookie')
    else if (word === 'clear-cookie') options.clearCookie = given.word('a cookie')
    else refuse('redirect', word, 'location, prefix, scheme, code, or a flag')
  }
  return redirect(options)
}

function answer(given: RuleWords): AnswerOptions<never> {
  const options: { -readonly [K in keyof AnswerOptions<never>]: AnswerOptions<never>[K] } = {}
  const headers: [string, Text<never>][] = []
  while (given.more) {
    const word = given.word('an option')
    if (word === 'status' || word === 'deny_status') options.status = given.integer('a status')
    else if (word === 'content-type') options.contentType = given.format('a type')
    else if (word === 'string') options.text = given.word('a text')
    else if (word === 'lf-string') options.text = given.format('a format')
    else if (word === 'file') options.file = given.word('a file')
    else if (word === 'errorfile') options.errorFile = given.word('a file')
    else if (word === 'hdr') headers.push([given.word('the name of a field'), given.format('a format')])
    else if (word !== 'default-errorfiles')
      refuse(given.keyword, word, 'status, content-type, string, lf-string, file, errorfile, hdr')
  }
  if (headers.length > 0) options.headers = headers
  return options
}

export const makers: ReadonlyMap<string, Maker> = new Map(Object.entries(entries))
