/** Why a contestant does not take part: what it lacks, in words for the page. */
export class Absent extends Error {}

/** Refuses algorithms that a package does not list. */
export function only(algorithms, task) {
  if (!algorithms.includes(task.algorithm)) throw new Absent(`it has no ${task.algorithm}`)
}

/** A key set of shared secrets is nothing that anybody publishes. */
export function noSecretSets(task) {
  if (task.keys > 1 && task.algorithm === 'HS256') throw new Absent('shared secrets are not published in key sets')
}
