/** The suites that run the TypeScript compiler: `types`, and `www-parts`. */
import { spawnSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { report } from './report.mjs'
import { bundle, here, require, root, run } from './tools.mjs'

/** The types of the page, and its modules that need no browser. */
export async function wwwParts({ folder }) {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', join(root, 'www'), '--pretty', 'false'], { encoding: 'utf8' })
  if (status !== 0) return report({ passed: 0, failures: [{ name: 'types of the page', problem: stdout }] })
  const outfile = join(folder, 'parts.mjs')
  const alias = { '@tests': here, '@www': join(root, 'www', 'src') }
  await bundle(folder, { entryPoints: [join(here, 'runners', 'www_parts.mjs')], outfile, platform: 'node', alias, external: ['jotgate', 'jotgate/*'] })
  return run(process.execPath, ['--no-warnings', outfile], { cwd: folder })
}

/** A program with every report of the inspector's cases, written as a value of its type: no member is unknown or missing. */
async function typedReports() {
  const cases = join(root, 'tests', 'inspect', 'cases')
  const lines = ["import { inspect, type InspectOptions, type Report } from 'jotgate/inspect'"]
  for (const file of await readdir(cases)) {
    for (const { input, options, report } of JSON.parse(await readFile(join(cases, file), 'utf8')).cases) {
      // The files have no messages, whose text may change.
      if (report.refusal) report.refusal.message = ''
      const number = lines.length
      lines.push(
        `export const report${number}: Report = ${JSON.stringify(report)}`,
        `const options${number}: InspectOptions = ${JSON.stringify(options)}`,
        `export const own${number}: Report = inspect(${JSON.stringify(input)}, options${number})`,
      )
    }
  }
  return lines.join('\n')
}

/** A project without `strict`. The frameworks' own types are not ours to check. */
const LOOSE = { strict: false, exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false, skipLibCheck: true }

/** The types as consumers of each kind see them: each project compiles, and what must be an error is one. */
export async function types({ folder }) {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  await mkdir(join(folder, 'node_modules', '@types'), { recursive: true })
  await symlink(dirname(require.resolve('@types/node/package.json')), join(folder, 'node_modules', '@types', 'node'))
  const undici = dirname(require.resolve('undici-types/package.json'))
  await symlink(undici, join(folder, 'node_modules', 'undici-types'))
  for (const name of ['hono', 'fastify', 'express', 'zod', '@modelcontextprotocol', '@types/express']) {
    await symlink(join(root, 'tests', 'node_modules', name), join(folder, 'node_modules', name))
  }
  const projects = {
    'nodenext, ES modules': { file: 'usage.mts', module: 'nodenext' },
    'nodenext, CommonJS': { file: 'usage.cts', module: 'nodenext' },
    'node16, ES modules': { file: 'usage.mts', module: 'node16' },
    'node16, CommonJS': { file: 'usage.cts', module: 'node16' },
    // The frameworks' own types are not ours to check.
    'frameworks, ES modules': { file: 'frameworks.mts', module: 'nodenext', skipLibCheck: true },
    'frameworks, a bundler': {
      file: 'frameworks.ts',
      module: 'esnext',
      moduleResolution: 'bundler',
      skipLibCheck: true,
    },
    // `jotgate/express/global` types `request.auth` in both.
    'without strict': { file: 'loose.mts', module: 'nodenext', ...LOOSE },
    'without strict, a bundler': { file: 'loose.ts', module: 'esnext', moduleResolution: 'bundler', ...LOOSE },
    'a bundler': { file: 'usage.ts', module: 'esnext', moduleResolution: 'bundler' },
    'the login, in a bundler': {
      file: 'login.ts',
      module: 'esnext',
      moduleResolution: 'bundler',
      types: [],
      lib: ['es2022', 'dom', 'dom.iterable'],
    },
    'the login, CommonJS': { file: 'login.cts', module: 'node16', lib: ['es2022', 'dom', 'dom.iterable'] },
    // The SDKs' own types are not ours to check.
    'MCP servers': { file: 'mcp.mts', module: 'nodenext', skipLibCheck: true },
    'proofs, in Node': { file: 'proof.mts', module: 'nodenext' },
    'proofs, CommonJS': { file: 'proof.cts', module: 'node16' },
    'introspection, in Node': { file: 'introspection.mts', module: 'nodenext' },
    'introspection, CommonJS': { file: 'introspection.cts', module: 'node16' },
    'status lists, in Node': { file: 'status.mts', module: 'nodenext' },
    'status lists, CommonJS': { file: 'status.cts', module: 'node16' },
    'a verifier of parts, in Node': { file: 'verifier.mts', module: 'nodenext' },
    'a verifier of parts, CommonJS': { file: 'verifier.cts', module: 'node16' },
    'a verifier of parts, without strict': { file: 'verifier.ts', module: 'esnext', moduleResolution: 'bundler', strict: false, exactOptionalPropertyTypes: false },
    'the issuer for tests, in Node': { file: 'testing.mts', module: 'nodenext' },
    'the issuer for tests, CommonJS': { file: 'testing.cts', module: 'node16' },
    'the presets, in Node': { file: 'providers.mts', module: 'nodenext' },
    'the presets, CommonJS': { file: 'providers.cts', module: 'node16' },
    'the reports of jotgate/inspect': { file: 'reports.mts', text: await typedReports(), module: 'nodenext', types: [] },
    'a browser, without Node': {
      file: 'usage.ts',
      module: 'esnext',
      moduleResolution: 'bundler',
      types: [],
      lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
    },
  }
  const failures = []
  let passed = 0
  for (const [name, { file, text, ...options }] of Object.entries(projects)) {
    const project = join(folder, name.replace(/\W+/g, '-'))
    await mkdir(project)
    if (text !== undefined) await writeFile(join(project, file), text)
    else await cp(join(here, 'types', file.replace(/\.[cm]ts$/, '.ts')), join(project, file))
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2023'],
      types: ['node'],
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      verbatimModuleSyntax: !file.endsWith('.cts'),
      ...options,
    }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project, '--pretty', 'false'], {
      encoding: 'utf8',
    })
    if (status === 0) passed++
    else failures.push({ name, problem: stdout })
  }
  return report({ passed, failures })
}
