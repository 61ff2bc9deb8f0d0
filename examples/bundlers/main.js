import { verdict } from './verdict.js'

verdict().then((text) => (document.body.textContent = text))
