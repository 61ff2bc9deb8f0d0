/** The names of the parts of a run, for people. */
export const NAMES = {
  'node20': 'Node 20',
  'node24': 'Node 24',
  'deno': 'Deno',
  'bun': 'Bun',
  'workerd': 'workerd',
  'chromium': 'Chromium',
  'firefox': 'Firefox',
  'native': 'native',
  'cold-start': 'cold start',
  'memory': 'memory',
  'table-memory': 'more keys than fit',
  'forged-token': 'a forged token',
  'sizes': 'sizes',
}
