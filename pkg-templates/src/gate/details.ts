/** Hidden details of gates and passes, for the other entries of this package. */
import { record } from '../base/record.js'

/** A symbol that all copies of the package share: bundlers and `require` make copies. */
const DETAILS: unique symbol = Symbol.for('jotgate.details') as never

/** The details of a gate. */
export interface GateDetails {
  /** The option `resource`, unchanged. */
  readonly resource: string | undefined
  /** The URL of the resource's metadata (RFC 9728 §3.1). */
  readonly metadataUrl: string | undefined
}

/** The details of a pass. */
export interface PassDetails {
  /** The details of its gate. */
  readonly gate: GateDetails
  /** The verified token. */
  readonly token: string
}

/** Attaches details to a gate or a pass. They are not enumerable, so that logs and JSON never contain the token. */
export function attachDetails<T extends object>(value: T, details: GateDetails | PassDetails): T {
  DESCRIPTOR.value = details
  Object.defineProperty(value, DETAILS, DESCRIPTOR)
  DESCRIPTOR.value = undefined
  return value
}

/** Made once, because an object without a prototype is slow to make. */
const DESCRIPTOR: PropertyDescriptor = record({ value: undefined as unknown })

/** Returns the details of a gate, or `undefined` for any other object. */
export function gateDetails(value: object): GateDetails | undefined {
  return detailsOf(value) as GateDetails | undefined
}

/** Returns the details of a pass, or `undefined` for any other object. */
export function passDetails(value: object): PassDetails | undefined {
  return detailsOf(value) as PassDetails | undefined
}

function detailsOf(value: object): unknown {
  return Object.hasOwn(value, DETAILS) ? (value as { [DETAILS]?: unknown })[DETAILS] : undefined
}
