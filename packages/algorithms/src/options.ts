/**
 * Reading options: each reader gives back the value or its default, or throws an error that names the field,
 * the value and what is allowed.
 */
import type { Balancer, Clock, Random } from './balancer.ts'
import { chance } from './chance.ts'
import { AlgorithmError } from './errors.ts'
import { type HashFunction, type HashFunctionName, hashFunctions } from './hash-functions.ts'

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}

/** Throw: `field` has a value that is not allowed. */
export function refuse(field: string, value: unknown, allowed: string): never {
  throw new AlgorithmError(field, `${field} is ${shown(value)}: must be ${allowed}`)
}

/** The options as an object that has no other names than those given. */
export function readOptions<O extends object>(where: string, options: O, names: readonly string[]): O {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    refuse(where, options, 'an object')
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new AlgorithmError(
        `${where}.${name}`,
        `${where}.${name} is unknown: must be one of ${names.join(', ')}`,
      )
    }
  }
  return options
}

export function readInteger(
  field: string,
  value: unknown,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    refuse(field, value, `an integer from ${min} to ${max}`)
  }
  return value as number
}

export function readFlag(field: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') refuse(field, value, 'true or false')
  return value
}

export function readChoice<C extends string>(
  field: string,
  value: C | undefined,
  fallback: C,
  all: readonly C[],
): C {
  if (value === undefined) return fallback
  if (!all.includes(value)) refuse(field, value, `one of ${all.join(', ')}`)
  return value
}

export function readHashFunction(field: string, value: HashFunctionName | undefined): HashFunction {
  return hashFunctions[readChoice(field, value, 'sdbm', Object.keys(hashFunctions) as HashFunctionName[])]
}

export function readFunction<F>(field: string, value: F | undefined, what: string): F {
  if (typeof value !== 'function') refuse(field, value, `a function ${what}`)
  return value
}

/** A number from `min` to `max`, whole or not. */
export function readNumber(
  field: string,
  value: unknown,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    refuse(field, value, `a number from ${min} to ${max}`)
  }
  return value
}

/** Where chance comes from; a generator of its own (chance.ts) by default. */
export function readRandom(field: string, value: Random | undefined): Random {
  return value === undefined ? chance() : readFunction(field, value, 'to a number')
}

/** Where time comes from; the process's monotonic clock by default. */
export function readClock(field: string, value: Clock | undefined): Clock {
  if (value === undefined) return performance
  if (typeof value?.now !== 'function') refuse(field, value, 'an object with now(), in milliseconds')
  return value
}

/** A balancer that another one asks. */
export function readBalancer<B extends Pick<Balancer, 'rebuild'>>(field: string, value: B | undefined): B {
  if (typeof value?.rebuild !== 'function' || typeof (value as Partial<Balancer>).pick !== 'function') {
    refuse(field, value, 'a balancer')
  }
  return value
}
