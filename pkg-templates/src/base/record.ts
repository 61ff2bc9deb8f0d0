/**
 * Makes objects without inherited members, and reads members without those that all objects inherit. The package uses them for all
 * decisions, so a polluted `Object.prototype` does not change which tokens are accepted.
 */

/** An empty prototype without a prototype. Objects made from it stay fast, unlike those whose prototype is `null`. */
const EMPTY = Object.freeze(Object.create(null) as object)

/** Copies an object's own members to an object that inherits nothing. */
export function record<T extends object>(members: T): T {
  return Object.assign(Object.create(EMPTY) as object, members) as T
}

/**
 * Whether an object has a member: its own, or one that it inherits from a class or another object. Members that all objects or all arrays
 * inherit do not count, in any realm.
 */
export function isGiven(object: object, name: PropertyKey): boolean {
  if (!(name in object)) return false
  for (let holder: object | null = object; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    if (holder !== object && isRoot(holder)) return false
    if (Object.hasOwn(holder, name)) return true
  }
  return false
}

/** Returns the member of an object if {@link isGiven} finds it, else `undefined`. */
export function memberOf<T extends object, Name extends keyof T>(object: T, name: Name): T[Name] | undefined {
  return isGiven(object, name) ? object[name] : undefined
}

/** Whether an object is `Object.prototype` or `Array.prototype`, of any realm. */
function isRoot(holder: object): boolean {
  return Array.isArray(holder) || (Object.getPrototypeOf(holder) === null && Object.hasOwn(holder, 'isPrototypeOf'))
}

/** Returns the names of an object's enumerable members, own or {@link isGiven inherited}. */
export function givenNames(object: object): string[] {
  const names: string[] = []
  for (let holder: object | null = object; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    if (holder !== object && isRoot(holder)) break
    names.push(...Object.keys(holder))
  }
  return names
}

/** Whether no own member is an object, so that a shallow copy is a complete copy. */
export function isFlat(object: object): boolean {
  return Object.values(object).every((value) => typeof value !== 'object')
}

/** Returns the JSON text of a value. Ignores a `toJSON` of `Object.prototype` or `Array.prototype`. */
export function jsonOf(value: unknown): string {
  return 'toJSON' in Array.prototype ? JSON.stringify(value, withoutRootToJson) : JSON.stringify(value)
}

function withoutRootToJson(this: Record<string, unknown>, name: string, written: unknown): unknown {
  const value = this[name]
  return typeof value === 'object' && value !== null && !isGiven(value, 'toJSON') ? value : written
}
