/**
 * A value that can be asked for: a fetch, or a fetch with converters behind it.
 *
 * `S` is what it needs to be asked ({@link ConnectionScope} and what extends it); being contravariant, it keeps a
 * response's value out of a request's rules. Invariant: `read` and what `testing` returns never throw and, but for texts
 * that they make, allocate nothing.
 */
import type { Sample, SampleType, SampleTypes } from './sample.ts'
import type { Stage } from './stage.ts'

/** `any`: the type shows only when the value is read, as that of a variable does. */
export type AnyType = SampleType | 'any'

export interface Value<T extends Sample = Sample, S = never> {
  /** As HAProxy writes it: `req.hdr(host),lower`. For messages and for show. */
  readonly text: string
  readonly type: AnyType
  readonly needs: Stage
  /**
   * Two values with the same key give the same, whoever made them, and asking changes nothing. Undefined where nobody
   * vouches for that. Tests of such a value in many rules are looked up together: see `rule-index.ts`.
   */
  readonly key?: string | undefined
  /** The value; the last one where there are several, as HAProxy's `req.hdr`. */
  readonly read: (scope: S) => T | undefined
  /**
   * Compile a test of it: true if any of its values passes. HAProxy tries each element of a header's list, each cookie,
   * each parameter of the name.
   */
  readonly testing: <C extends S>(test: (value: T, scope: C) => boolean) => (scope: C) => boolean
}

/** Turns one sample into another; undefined for one that it cannot turn, which ends the expression. */
export interface Converter<In extends Sample = Sample, Out extends Sample = Sample, S = unknown> {
  readonly text: string
  /** What it takes: other types are cast, as HAProxy casts them. */
  readonly takes: AnyType
  /** `same`: what it was given. */
  readonly gives: AnyType | 'same'
  readonly needs: Stage
  readonly apply: (value: In, scope: S) => Out | undefined
}

/** What a type stands for. */
type Of<K extends AnyType> = K extends SampleType ? SampleTypes[K] : Sample

/** A fetch with one value at most. */
export function fetch<K extends AnyType, S>(
  text: string,
  type: K,
  needs: Stage,
  read: (scope: S) => Of<K> | undefined,
): Value<Of<K>, S> {
  return {
    text,
    type,
    needs,
    read,
    testing: test => scope => {
      const value = read(scope)
      return value !== undefined && test(value, scope)
    },
  }
}

/**
 * A fetch with several values.
 * @param walk calls `visit` with each until it returns true, and returns whether it did
 */
export function fetchEach<K extends AnyType, S>(
  text: string,
  type: K,
  needs: Stage,
  read: (scope: S) => Of<K> | undefined,
  walk: <C extends S>(scope: C, visit: (value: Of<K>, scope: C) => boolean) => boolean,
): Value<Of<K>, S> {
  return { text, type, needs, read, testing: test => scope => walk(scope, test) }
}

/** The value with its text as its key: for those of HAProxy's, whose text says all. */
export function keyed<T extends Sample, S>(value: Value<T, S>): Value<T, S> {
  return { ...value, key: value.text }
}

/** A converter that needs nothing but the sample. */
export function converter<In extends AnyType, Out extends AnyType>(
  text: string,
  takes: In,
  gives: Out,
  apply: (value: Of<In>) => Of<Out> | undefined,
): Converter<Of<In>, Of<Out>> {
  return { text, takes, gives, needs: 'connection', apply }
}

/** A converter that looks at more than the sample: variables, counters, the clock. */
export function converterOf<In extends AnyType, Out extends AnyType, S>(
  text: string,
  takes: In,
  gives: Out,
  needs: Stage,
  apply: (value: Of<In>, scope: S) => Of<Out> | undefined,
): Converter<Of<In>, Of<Out>, S> {
  return { text, takes, gives, needs, apply }
}
