import type { AddressInfo } from 'node:net'
import { echo, type FakeServer, fakeServer, request } from '@evener/testing'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../src/main.ts'

const Authorization = 'Bearer open sesame'
let api: FakeServer
let app: FastifyInstance
let port: number

beforeAll(async () => {
  api = await fakeServer({ behave: echo() })
  app = createApp([{ id: 'api', address: api.address }], 'open sesame')
  await app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.server.address() as AddressInfo).port
})

afterAll(async () => {
  await app.close()
  await api.close()
})

test('bodies reach the server as they were sent', async () => {
  const headers = { Authorization, 'Content-Type': 'application/json' }
  const response = await request(port, { method: 'POST', target: '/api/things', headers, body: '{ "a": 1 }' })
  expect(response.text).toBe('{ "a": 1 }')
  expect(api.requests.at(-1)?.target).toBe('/things')
})

test('the hook keeps strangers out of /api, and only there', async () => {
  const before = api.totalRequests
  expect((await request(port, { target: '/api/things' })).status).toBe(401)
  expect((await request(port)).text).toBe('The application itself.\n')
  expect(api.totalRequests).toBe(before)
})
