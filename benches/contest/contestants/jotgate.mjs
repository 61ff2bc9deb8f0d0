import * as jotgate from 'jotgate'
import { entrantsOf } from './jotgate_entrants.mjs'

export const entrants = entrantsOf(jotgate, 'jotgate')
