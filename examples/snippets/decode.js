import { decodeJwt } from 'jotgate/decode'

const { sub, exp } = decodeJwt(token) // nothing is verified: for showing, never for deciding
