/** nginx as a proxy, one worker. Its open edition has neither active health checks nor stickiness by a cookie. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nginxPreamble } from '../machine/nginx.ts'
import { findProgram, missingProgram, programVersion } from '../machine/programs.ts'
import { mostIdle, type Place, type Subject } from './subject.ts'

const configuration = ({ port, servers, directory }: Place): string => `${nginxPreamble(directory)}
  client_max_body_size 0;
  upstream servers {
    server 127.0.0.1:${servers[0]};
    server 127.0.0.1:${servers[1]};
    keepalive ${mostIdle};
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
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
  modes: ['http'],
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
