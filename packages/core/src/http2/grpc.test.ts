import { expect, test } from 'vitest'
import { grpcStatus, isGrpc } from './grpc.ts'

test.each([
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['application/grpc; charset=utf-8', true],
  ['Application/gRPC', true],
  ['application/grpc-web', false],
  ['application/json', false],
  [undefined, false],
])('%s is gRPC: %s', (type, expected) => {
  expect(isGrpc(type)).toBe(expected)
})

test('a status that Evener does not answer with is unknown to gRPC', () => {
  expect(grpcStatus(418)).toBe(2)
  expect(grpcStatus(401)).toBe(16)
  expect(grpcStatus(403)).toBe(7)
})
