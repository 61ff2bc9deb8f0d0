/** The host client.example: serves what the file `documents.json` of a folder says, and notes each path in `asked.log`. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'

const folder = process.argv[2]
const file = (name) => join(folder, name)
const server = createServer({ key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) }, ({ url }, response) => {
  appendFileSync(file('asked.log'), `${url}\n`)
  const { status = 200, location, body } = JSON.parse(readFileSync(file('documents.json'), 'utf8'))[url] ?? { status: 404 }
  response.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) }).end(JSON.stringify(body))
})
server.listen(443, '11.0.0.2', () => writeFileSync(file('host-listens'), ''))
