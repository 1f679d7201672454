/** Caddy on one processor. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, missingProgram, programVersion } from '../machine/programs.ts'
import { mostIdle, type Place, type Subject } from './subject.ts'

const configuration = ({ port, servers, certificate }: Place): string => `
{
  admin off
  auto_https off
  log {
    output discard
  }
  servers {
    protocols h1 h2
    timeouts {
      idle 1h
    }
  }
}
${certificate === undefined ? 'http' : 'https'}://:${port} {
  bind 127.0.0.1
  ${certificate === undefined ? '' : `tls ${certificate} ${certificate}`}
  reverse_proxy 127.0.0.1:${servers[0]} 127.0.0.1:${servers[1]} {
    lb_policy cookie SERVERID
    health_uri /check
    health_interval 2s
    transport http {
      keepalive 1h
      keepalive_idle_conns_per_host ${mostIdle}
    }
  }
}
`

export const subject: Subject = {
  name: 'caddy',
  about: 'GOMAXPROCS=1; X-Forwarded-For, health checks, stickiness cookie',
  modes: ['http', 'https', 'h2'],
  proxies: true,
  sticky: true,
  version: () => programVersion('caddy', 'version'),
  missing: () => missingProgram('caddy'),
  launch(place) {
    const { directory } = place
    const file = join(directory, 'Caddyfile')
    writeFileSync(file, configuration(place))
    return {
      command: findProgram('caddy') ?? 'caddy',
      args: ['run', '--config', file, '--adapter', 'caddyfile'],
      env: { GOMAXPROCS: '1', HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
    }
  },
}
