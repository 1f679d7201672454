import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { expression } from '../expression/expression.ts'
import type { Sample } from '../sample.ts'
import { requestScope } from '../test-support.ts'

describe('a JSON Web Token', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const body = `${part({ alg: 'RS256', kid: 'k1' })}.${part({ sub: 'me', iat: 5, ok: true })}`
  const signed = `${body}.${createSign('sha256').update(body).sign(privateKey).toString('base64url')}`
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecSigned = `${body}.${createSign('sha256').update(body).sign({ key: ec.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  const pssSigned = `${body}.${createSign('sha256').update(body).sign({ key: privateKey, padding: 6, saltLength: 32 }).toString('base64url')}`
  const hmac = `eyJhbGciOiJIUzI1NiJ9.e30.${createHmac('sha256', 'secret').update('eyJhbGciOiJIUzI1NiJ9.e30').digest().toString('base64url')}`
  const ask = (token: string, text: string) => {
    const scope = requestScope('/')
    scope.variables.set('txn.token', token)
    scope.variables.set('txn.alg', 'RS256')
    scope.variables.set('txn.secret', 'secret')
    const publicKeyOf = (path: string) => ({ '/rsa.pem': publicKey, '/ec.pem': ec.publicKey })[path]
    return expression(`var(txn.token),${text}`, 'request', { publicKey: publicKeyOf }).read(scope)
  }
  it.each<[string, string, Sample | undefined]>([
    [signed, "jwt_header_query('$.kid')", 'k1'],
    [signed, "jwt_payload_query('$.iat','int')", 5],
    [signed, 'jwt_payload_query', '{"sub":"me","iat":5,"ok":true}'],
    ['a.b', 'jwt_payload_query', undefined],
    ['a.b', "jwt_payload_query('$.a')", undefined],
    [signed, 'jwt_verify(RS256,/rsa.pem)', 1],
    [signed, 'jwt_verify(txn.alg,/rsa.pem)', 1],
    [signed, 'jwt_verify_cert(RS256,/rsa.pem)', 1],
    [`${signed.slice(0, -8)}AAAAAAAA`, 'jwt_verify(RS256,/rsa.pem)', 0],
    [pssSigned, 'jwt_verify(PS256,/rsa.pem)', 1],
    [ecSigned, 'jwt_verify(ES256,/ec.pem)', 1],
    [ecSigned, 'jwt_verify(RS256,/ec.pem)', -5],
    [signed, 'jwt_verify(RS256,secret)', -5],
    [hmac, 'jwt_verify(HS256,secret)', 1],
    [hmac, 'jwt_verify(HS256,txn.secret)', 1],
    [hmac, 'jwt_verify(HS256,other)', 0],
    [hmac, 'jwt_verify(HS384,secret)', 0],
    [hmac, 'jwt_verify(HS256,/rsa.pem)', -5],
    [hmac, 'jwt_verify(HS256,txn.none)', -5],
    [hmac, 'jwt_verify(txn.none,x)', -1],
    ['a.b.c.d', 'jwt_verify(HS256,secret)', -3],
    ['.b.c', 'jwt_verify(HS256,secret)', -3],
    ['a.b.!', 'jwt_verify(HS256,secret)', -3],
    ['a.b.', 'jwt_verify(none,x)', 1],
    ['a.b.c0', 'jwt_verify(none,x)', 0],
  ])('%#: %s by %s is %j', (token, text, value) => {
    expect(ask(token, text)).toBe(value)
  })
})
