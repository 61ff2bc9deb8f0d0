/** The marks of the three states. Colour is never the only difference. */
import { s } from './dom.js'

const PATHS = {
  holds: 'M4 12.5l5.2 5.2L20 7',
  fails: 'M6 6l12 12M18 6L6 18',
  unknown: 'M8.5 9a3.5 3.5 0 1 1 5 3.2c-1.1.6-1.5 1.2-1.5 2.3M12 18.2v.3',
}

/** The mark of a state. */
export function mark(state: keyof typeof PATHS): SVGElement {
  const path = s('path', { d: PATHS[state], fill: 'none', stroke: 'currentColor', 'stroke-width': 2.6, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' })
  return s('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, path)
}
