/** nginx as a proxy, one worker. Its open edition has neither active health checks nor stickiness by a cookie. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nginxPreamble } from '../machine/nginx.ts'
import { findProgram, missingProgram, programVersion } from '../machine/programs.ts'
import { mostIdle, type Place, type Subject } from './subject.ts'
import { cipherSuite } from './tls.ts'

function listens({ mode, port, certificate }: Place): string {
  if (certificate === undefined) return `listen 127.0.0.1:${port} backlog=4096;`
  return `listen 127.0.0.1:${port} ssl${mode === 'h2' ? ' http2' : ''} backlog=4096;
    ssl_certificate ${certificate};
    ssl_certificate_key ${certificate};
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites ${cipherSuite};`
}

const configuration = (place: Place): string => `${nginxPreamble(place.directory)}
  client_max_body_size 0;
  upstream servers {
    server 127.0.0.1:${place.servers[0]};
    server 127.0.0.1:${place.servers[1]};
    keepalive ${mostIdle};
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
  server {
    ${listens(place)}
    location / {
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      # Bodies pass through, as with all others, instead of going to a file first.
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
    }
  }
}
`

export const subject: Subject = {
  name: 'nginx',
  about: '1 worker; X-Forwarded-For, passive checks; no cookie',
  modes: ['http', 'https', 'h2'],
  proxies: true,
  sticky: false,
  version: () => programVersion('nginx', '-v'),
  missing: () => missingProgram('nginx'),
  launch(place) {
    const file = join(place.directory, 'nginx.conf')
    writeFileSync(file, configuration(place))
    return { command: findProgram('nginx') ?? 'nginx', args: ['-p', place.directory, '-c', file] }
  },
}
