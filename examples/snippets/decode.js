import { decodeJwt } from 'jotgate/decode'

const { sub, exp } = decodeJwt(token) // verifies nothing: for display only
