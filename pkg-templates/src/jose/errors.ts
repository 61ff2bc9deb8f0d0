/** The error classes under the names that jose's users import. */
export * from '../base/errors.js'
export { JWKSMultipleMatchingKeys } from '../keys/multiple_matching_keys.js'
