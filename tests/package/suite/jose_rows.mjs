export const ROWS = {}
