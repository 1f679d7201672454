/** Browsers, as far as the server can tell: connections that read events. Told how many there are to be, it says how many bytes
 * have come since it was told last. */
import { connect, type Socket } from 'node:net'

process.on('disconnect', () => process.exit())
const port = Number(process.argv[2])
const sockets: Socket[] = []
let bytes = 0
let told = 0

process.on('message', (count: number) => {
  while (sockets.length > count) sockets.pop()?.destroy()
  while (sockets.length < count) {
    const socket = connect(port, '127.0.0.1')
    socket.on('data', chunk => {
      bytes += chunk.length
    })
    socket.write('GET /;events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    sockets.push(socket)
  }
  process.send?.(bytes - told)
  told = bytes
})
