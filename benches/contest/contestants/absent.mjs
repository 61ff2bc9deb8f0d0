/** An error that says why a contestant is missing, for the page. */
export class Absent extends Error {}

/** Refuses algorithms that a package does not list. */
export function only(algorithms, task) {
  if (!algorithms.includes(task.algorithm)) throw new Absent(`it has no ${task.algorithm}`)
}
