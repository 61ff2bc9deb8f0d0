/** axe in a page of Chromium: its rules, its script, and the looks in which a page is examined. */
import { readFile } from 'node:fs/promises'
import { npmDrivers } from './setup.mjs'

/** The rules: WCAG 2.2 AA, and what axe calls best practice. */
export const AXE_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** The script that defines `axe` in a page. */
export const axeScript = () => readFile(npmDrivers().resolve('axe-core/axe.min.js'), 'utf8')

/** Visits a page in light and dark, narrow and wide. `visit` takes the colour scheme and the width in CSS pixels. */
export async function inEachLook(visit) {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [320, 1280]) await visit(colorScheme, width)
  }
}
