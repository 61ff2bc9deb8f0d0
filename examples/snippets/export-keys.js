import { writeFile } from 'node:fs/promises'
import { RemoteKeySet } from 'jotgate'

const keys = new RemoteKeySet('https://issuer.example/.well-known/jwks.json')
await keys.reload()
await writeFile('keys.json', JSON.stringify(keys.export()))
