/** Builds elements. Text is always text: no HTML is ever parsed (Trusted Types are required). */

type Child = Node | string | number | false | undefined | null
type Properties = Record<string, string | number | boolean | ((event: Event) => void) | undefined>

/** Makes an element. A property that is a function is a listener; `undefined` and `false` are left out. */
export function h(tag: string, properties: Properties = {}, ...children: (Child | Child[])[]): HTMLElement {
  return filled(document.createElement(tag), properties, children)
}

/** Makes an SVG element. */
export function s(tag: string, properties: Properties = {}, ...children: (Child | Child[])[]): SVGElement {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children)
}

function filled<T extends Element>(element: T, properties: Properties, children: (Child | Child[])[]): T {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value))
  }
  for (const child of children.flat()) {
    if (child !== undefined && child !== null && child !== false) element.append(typeof child === 'number' ? String(child) : child)
  }
  return element
}

/** A sentence, with what is between backticks as code. */
export function prose(text: string): (Node | string)[] {
  return text.split('`').map((piece, index) => (index % 2 === 1 ? h('code', {}, piece) : piece))
}

/** The element of this id, which the page contains. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found as T
}

/** Replaces what an element contains, and hides it if nothing is left. */
export function show(element: HTMLElement, ...children: (Child | Child[])[]): void {
  const nodes = children.flat().filter((child): child is Node | string => child !== undefined && child !== null && child !== false && child !== '')
  element.replaceChildren(...nodes)
  element.hidden = nodes.length === 0
}

/** Replaces what an element contains. A `details` that was open stays open if a card of the same title still has it. */
export function showKeepingOpen(element: HTMLElement, children: HTMLElement[]): void {
  const nameOf = (details: Element) => `${details.closest('.card')?.querySelector('h2')?.textContent}: ${details.querySelector('summary')?.textContent}`
  const open = new Set([...element.querySelectorAll('details[open]')].map(nameOf))
  show(element, children)
  for (const details of element.querySelectorAll('details')) if (open.has(nameOf(details))) details.open = true
}

/**
 * A text with its invisible characters written as JSON escapes. Controls of the writing direction could show a value in another order than
 * it has (Unicode TR 36). Joiners stay: emoji and some scripts need them.
 */
export function visible(text: string): string {
  return text.replace(/[\u00AD\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`)
}

/** A button that copies a text and says that it did. */
export function copyButton(text: () => string, label = 'Copy'): HTMLElement {
  const button = h('button', { type: 'button', class: 'quiet' }, label)
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text())
      button.textContent = 'Copied'
    } catch {
      button.textContent = 'Select the text and copy it'
    }
    setTimeout(() => (button.textContent = label), 2000)
  })
  return button
}
