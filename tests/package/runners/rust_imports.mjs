/** Reads which files of a Rust crate use items of which other files. Tests are left out. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The files of the crate in `folder`, and those that each uses. Folders of other crates are left out. */
export async function rustImports(folder) {
  const all = (await readdir(folder, { recursive: true })).filter((file) => /(\.rs|\/Cargo\.toml)$/.test(file))
  const others = all.filter((file) => /\/(main\.rs|Cargo\.toml)$/.test(file)).map((file) => file.replace(/[^/]*$/, ''))
  const ours = all.filter((file) => file.endsWith('.rs') && !others.some((other) => file.startsWith(other)))
  return importsOf(Object.fromEntries(await Promise.all(ours.map(async (file) => [file, await readFile(join(folder, file), 'utf8')]))))
}

/**
 * The same for the texts of files, by path. A file and the head of its own folder (`mod.rs`, or `x.rs` of `x/`) are one noun: what it
 * uses of the head does not count.
 */
export function importsOf(texts) {
  const modules = new Map()
  for (const [file, text] of Object.entries(texts)) {
    const path = modulePath(file)
    if (path !== undefined) modules.set(path.join('::'), { file, path, ...readModule(text) })
  }
  const used = new Map()
  for (const module of modules.values()) {
    const head = modules.get(module.path.slice(0, -1).join('::'))?.file
    const found = module.paths.map((path) => fileOf(modules, module, path, 8))
    used.set(module.file, [...new Set(found)].filter((file) => ![undefined, module.file, head].includes(file)))
  }
  return used
}

/** `a/b.rs` and `a/b/mod.rs` are the module `a::b`; `undefined` for tests and examples. */
function modulePath(file) {
  const parts = file.replace(/(^|\/)(lib|main|mod)\.rs$/, '').replace(/\.rs$/, '').split('/').filter((part) => part !== '')
  return parts.includes('tests') || parts.includes('examples') ? undefined : parts
}

/** The child modules of a file, the names that its `use` lines bind, and all paths that it uses. */
function readModule(text) {
  const code = withoutTests(text.replace(/\/\/.*|"(?:[^"\\]|\\.)*"/g, ''))
  const children = new Set([...code.matchAll(/^(?:pub(?:\([^)]*\))? )?mod (\w+);/gm)].map(([, name]) => name))
  const names = new Map()
  const globs = []
  const uses = /^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);/gm
  for (const [, tree] of code.matchAll(uses)) {
    for (const [path, name] of expand(tree.replace(/\s+/g, ' ').trim())) {
      if (name === '*') globs.push(path)
      else names.set(name, path)
    }
  }
  const isOurs = (first) => /^(crate|super|self)$/.test(first) || children.has(first) || names.has(first)
  const paths = [...code.replace(uses, '').matchAll(/(?<![\w:])\w+(?:::\w+)*/g)].map(([path]) => path.split('::'))
  return { children, names, globs, paths: paths.filter(([first]) => isOurs(first)) }
}

/** Removes what follows `#[cfg(test)]`: an item that ends with `;`, or with a brace at its own indentation. */
function withoutTests(code) {
  return code.replace(/^( *)#\[cfg\(test\)\]\n(?: *#.*\n)*(?:.*;\n|[\s\S]*?\n\1\}\n?)/gm, '')
}

/** The paths of a `use` tree, each with the name that it binds. */
function expand(tree) {
  const brace = tree.indexOf('{')
  if (brace < 0) {
    const [path, alias] = tree.split(' as ')
    const parts = path.trim().split('::')
    const name = parts.at(-1)
    if (name === '*' || name === 'self') return [[parts.slice(0, -1), name === '*' ? name : (alias ?? parts.at(-2))]]
    return [[parts, alias ?? name]]
  }
  const parts = ['']
  let depth = 0
  for (const char of tree.slice(brace + 1, tree.lastIndexOf('}'))) {
    depth += char === '{' ? 1 : char === '}' ? -1 : 0
    if (char === ',' && depth === 0) parts.push('')
    else parts.push(parts.pop() + char)
  }
  return parts.filter((part) => part.trim() !== '').flatMap((part) => expand(tree.slice(0, brace) + part.trim()))
}

/** The file that defines what `path` means in `module`; `undefined` for other crates, and for a module as such. */
function fileOf(modules, module, path, depth) {
  const parent = ({ path }) => modules.get(path.slice(0, -1).join('::'))
  const roots = { crate: modules.get(''), super: parent(module), self: module }
  let from = Object.hasOwn(roots, path[0]) ? roots[path[0]] : module
  let rest = Object.hasOwn(roots, path[0]) ? path.slice(1) : path
  while (rest[0] === 'super' && from !== undefined) [from, rest] = [parent(from), rest.slice(1)]
  if (from === undefined || rest.length === 0 || depth === 0) return undefined
  const [name, ...further] = rest
  if (from.names.has(name)) return fileOf(modules, from, [...from.names.get(name), ...further], depth - 1)
  const child = from.children.has(name) && modules.get([...from.path, name].join('::'))
  if (child) return fileOf(modules, child, ['self', ...further], depth)
  if (from === module && path[0] !== 'self') return undefined
  const globbed = from.globs.map((glob) => fileOf(modules, from, [...glob, name], depth - 1))
  return globbed.find((file) => file !== undefined) ?? from.file
}
