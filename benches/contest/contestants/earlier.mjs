/** An earlier build of jotgate. `--against <folder>` replaces this file with one that imports it. */
export const entrants = {}
