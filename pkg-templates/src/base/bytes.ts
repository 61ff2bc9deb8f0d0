/** Whether a value is a `Uint8Array`, including one of another realm (Jest, `vm`, frames). */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'
}
