/** A frontend on a listening socket that it was started with, as by systemd: a fixture of frontend.test.ts. */
import { createBackend } from '../balance/backend.ts'
import { createFrontend } from './frontend.ts'

const [, , address = ''] = process.argv
const route = createBackend({ name: 'app', servers: [{ id: 's1', address }] })
const bound = await createFrontend({ route }).listen({ fd: 3 })
process.on('disconnect', () => process.exit())
process.send?.(bound)
