//! Finds the address of a client, also behind a trusted proxy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address from which a request came, for the log. [`run`](crate::run) puts it into each request's extensions. Other servers of these
/// routes may do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Returns the peer's address. If the peer is a trusted proxy, returns the last address in `X-Forwarded-For` that is not a trusted
    /// proxy's. Each proxy appends the address that it sees, so the client may have invented everything before that address.
    pub(super) fn of(peer: IpAddr, trusted: &[IpNet], headers: &HeaderMap) -> Self {
        let mut address = peer;
        let mut lines: Vec<&str> =
            headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or_default()).collect();
        lines.reverse();
        for text in lines.into_iter().flat_map(|line| line.rsplit(',')) {
            if !is_trusted(address, trusted) {
                break;
            }
            let Ok(before) = text.trim().parse::<IpAddr>() else { break };
            address = before.to_canonical();
        }
        Self(address)
    }
}

/// Whether a trusted proxy has that address.
pub(super) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// Returns the address that limits count: an IPv4 address, or the /64 network of an IPv6 address.
pub(super) fn owner(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

/// Returns the network of an address: 24 bits of IPv4, 48 bits of IPv6, which one customer usually has.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address_of(peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let headers = lines.iter().map(|line| (FORWARDED_FOR, line.parse().unwrap())).collect();
        ClientAddress::of(peer.parse().unwrap(), &trusted, &headers).0.to_string()
    }

    #[test]
    fn k1_only_a_trusted_proxy_can_name_another_address_and_only_the_last_that_is_not_its_kind_counts() {
        assert_eq!(address_of("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(address_of("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(address_of("10.0.0.1", &["1.1.1.1, 198.51.100.1 , 10.0.0.2"]), "198.51.100.1");
        assert_eq!(address_of("10.0.0.1", &["1.1.1.1", "198.51.100.1", "10.0.0.2,fd00::1"]), "198.51.100.1");
        assert_eq!(address_of("fd00::7", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(address_of("10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
        for lines in [&[][..], &[""], &["unknown"], &["198.51.100.1, nonsense"], &["198.51.100.1:80"]] {
            assert_eq!(address_of("10.0.0.1", lines), "10.0.0.1", "{lines:?}");
        }
        assert_eq!(address_of("10.0.0.1", &["nonsense, 10.0.0.3"]), "10.0.0.3");
    }

    #[test]
    fn k1_an_ipv6_network_counts_as_one_address() {
        let owner = |text: &str| owner(text.parse().unwrap()).to_string();
        assert_eq!(owner("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(owner("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(owner("192.0.2.1"), "192.0.2.1");
    }
}
