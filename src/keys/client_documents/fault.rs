//! The reasons why the document of a client is not used.

use std::fmt;

/// The reason why a client's document is not used. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientDocumentFault {
    /// The name of the host has no address.
    HostUnknown,
    /// An address of the host is not public: it belongs to a private network, or to this machine.
    HostPrivate,
    /// No connection with a trusted certificate could be made, or it broke.
    Unreachable,
    /// It took longer than ten seconds.
    Late,
    /// The answer is not 200. Redirects are not followed.
    Status(u16),
    /// The answer is not JSON.
    MediaType,
    /// It is longer than 5 KB, or incomplete.
    TooLong,
    /// It is not a JSON object, or a member has the wrong type.
    Malformed,
    /// Its `client_id` is not the address that it was fetched from.
    OtherClient,
    /// The authentication method is neither `none` nor `private_key_jwt`, or the document contains a secret.
    Method,
    /// The client must sign its requests, but the document contains no usable key.
    Keys,
    /// It has no usable redirect URI.
    Redirects,
    /// The client does not use the authorization code grant.
    Grants,
    /// There were too many fetches.
    Limited,
}

impl ClientDocumentFault {
    /// Returns the stable code for the log.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::HostUnknown => "document_host_unknown",
            Self::HostPrivate => "document_host_private",
            Self::Unreachable => "document_unreachable",
            Self::Late => "document_late",
            Self::Status(_) => "document_status",
            Self::MediaType => "document_media_type",
            Self::TooLong => "document_too_long",
            Self::Malformed => "document_malformed",
            Self::OtherClient => "document_other_client",
            Self::Method => "document_method",
            Self::Keys => "document_keys",
            Self::Redirects => "document_redirects",
            Self::Grants => "document_grants",
            Self::Limited => "document_limited",
        }
    }

    /// Whether the same document may be usable a little later.
    pub(crate) const fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::HostUnknown | Self::Unreachable | Self::Late | Self::Limited | Self::Status(429 | 500..)
        )
    }
}

impl fmt::Display for ClientDocumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostUnknown => "its host is not known",
            Self::HostPrivate => "its host is not a public one",
            Self::Unreachable => "it cannot be reached",
            Self::Late => "it did not come within ten seconds",
            Self::Status(status) => return write!(f, "its host answered with the status {status}"),
            Self::MediaType => "it is not sent as application/json",
            Self::TooLong => "it is longer than 5 KB, or was cut off",
            Self::Malformed => "it is malformed",
            Self::OtherClient => "its client_id is another one",
            Self::Method => {
                "token_endpoint_auth_method must be none or private_key_jwt, and it must hold no secret"
            }
            Self::Keys => "private_key_jwt needs one to eight public keys in the member jwks",
            Self::Redirects => "redirect_uris contains no address that can be used",
            Self::Grants => "it does not have the grant type authorization_code and the response type code",
            Self::Limited => "there are too many requests at present; try again in a minute",
        })
    }
}
