/** The process of the Node servers. Ends with its parent. */
import { serve } from './node-origin.ts'

process.on('disconnect', () => process.exit())
serve(JSON.parse(process.argv[2] as string) as number[])
