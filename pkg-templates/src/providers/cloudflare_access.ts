/** The preset for Cloudflare Access. */
import { Options } from '../base/options.js'
import { type Preset, textLike } from './preset.js'

/** Your team at Cloudflare Access. */
export interface CloudflareAccessOptions {
  /** The name of the team: `example` of `example.cloudflareaccess.com`. */
  team: string
}

/**
 * Returns the options for applications behind Cloudflare Access, whose token arrives in `Cf-Access-Jwt-Assertion`. Your gate adds
 * `audience`: the AUD tag of your application. All applications of a team share the issuer and its keys.
 *
 * @throws `TypeError` that names the option that is missing, unknown or wrong
 *
 * @example
 * ```js
 * const gate = createGate({ ...cloudflareAccess({ team: 'example' }), audience: process.env.ACCESS_AUD })
 * ```
 */
export function cloudflareAccess(
  options: CloudflareAccessOptions,
): Preset<'issuer' | 'algorithms' | 'jwksUri' | 'header'> {
  const given = new Options('cloudflareAccess', options, ['team'])
  const issuer = `https://${given.require('team', teamName)}.cloudflareaccess.com`
  return { issuer, algorithms: ['RS256'], jwksUri: `${issuer}/cdn-cgi/access/certs`, header: 'Cf-Access-Jwt-Assertion' }
}

const teamName = /* @__PURE__ */ textLike(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/, 'the name of a team alone, such as `example`')
