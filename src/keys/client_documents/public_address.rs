//! Decides which addresses are public: those that belong neither to a private network nor to this machine.

use std::net::{IpAddr, UdpSocket};
use std::sync::LazyLock;

use ipnet::IpNet;

/// The networks of IPv4 that are not public (IANA's special-purpose registry, RFC 6890), and multicast.
const IPV4: [&str; 16] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    // Carriers' NAT (RFC 6598).
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    // The relay of 6to4 (RFC 7526).
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
];
/// Unicast of IPv6. Everything else is not public: loopback, link-local, unique local, multicast, IPv4 inside of IPv6
/// (`::ffff:0:0/96`) and both networks of NAT64 (`64:ff9b::/96`, `64:ff9b:1::/48`).
const IPV6: &str = "2000::/3";
/// The parts of it that are not public: IETF assignments with Teredo, documentation, 6to4, and documentation again.
const IPV6_SPECIAL: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/// The networks above.
struct Networks {
    ipv4: Vec<IpNet>,
    ipv6: Vec<IpNet>,
    ipv6_special: Vec<IpNet>,
}

static NETWORKS: LazyLock<Networks> = LazyLock::new(|| {
    let parsed = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
    Networks { ipv4: parsed(&IPV4), ipv6: parsed(&[IPV6]), ipv6_special: parsed(&IPV6_SPECIAL) }
});

/// Whether an address is public. One that contains another, such as an IPv4 address inside of IPv6, is not.
pub(super) fn is_public(address: IpAddr) -> bool {
    let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
    match address {
        IpAddr::V4(_) => NETWORKS.ipv4.len() == IPV4.len() && !within(&NETWORKS.ipv4),
        IpAddr::V6(_) => {
            let complete = NETWORKS.ipv6_special.len() == IPV6_SPECIAL.len();
            complete && within(&NETWORKS.ipv6) && !within(&NETWORKS.ipv6_special)
        }
    }
}

/// Whether an address is one of this machine: only then a socket can be bound to it.
pub(super) fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
        ] {
            assert!(public(text), "{text}");
        }
        for text in ["2001:4860:4860::8888", "2606:4700::1111", "2a00:1450::1", "2001:200::1", "2003::1"] {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn addresses_that_lead_inside_are_not() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::7f00:1",
            "64:ff9b::101:101",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn an_address_of_this_machine_is_its_own() {
        assert!(is_own("127.0.0.1".parse().unwrap()));
        assert!(!is_own("192.0.2.1".parse().unwrap()) && !is_own("2001:db8::1".parse().unwrap()));
    }
}
