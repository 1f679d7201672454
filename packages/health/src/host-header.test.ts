import { describe, expect, it } from 'vitest'
import type { Target } from './contract.ts'
import { hostHeader } from './host-header.ts'

describe('the Host header', () => {
  it.each<[string, Omit<Target, 'id'>]>([
    ['shop.test', { host: 'shop.test', port: 80 }],
    ['shop.test:443', { host: 'shop.test', port: 443 }],
    ['shop.test', { host: 'shop.test', port: 443, tls: {} }],
    ['shop.test:80', { host: 'shop.test', port: 80, tls: {} }],
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::1]', { host: '::1', port: 80 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['localhost', { host: '', port: 0, path: '/run/app.sock' }],
    ['localhost', { host: '', port: 0, path: '/run/app.sock', tls: {} }],
    ['shop.test', { host: '', port: 0, path: '/run/app.sock', tls: { servername: 'shop.test' } }],
  ])('is %s for %j', (expected, target) => {
    expect(hostHeader({ id: 'app', ...target })).toBe(expected)
  })
})
