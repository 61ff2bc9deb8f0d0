use super::*;

const JSON: (&str, &str) = ("content-type", "application/json");

fn check_at(
    address: &str,
    secret: Option<&str>,
    target: &str,
    fields: &[(&'static str, &'static str)],
) -> Result<(), Refusal> {
    let secret = secret.map(|text| Zeroizing::new(text.to_owned()));
    let guard = Guard::new(address.parse().unwrap(), secret);
    let headers = fields
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    guard.check(&Method::POST, &target.parse().unwrap(), &headers)
}

fn check(fields: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
    check_at("127.0.0.1:8411", None, "/dev/token", fields)
}

fn with_host(host: &'static str) -> Result<(), Refusal> {
    check(&[("host", host), JSON])
}

#[test]
fn loopback_names_with_the_right_port_are_allowed() {
    for host in ["localhost:8411", "LocalHost:8411", "127.0.0.1:8411", "127.1.2.3:8411", "[::1]:8411"] {
        assert_eq!(with_host(host), Ok(()), "{host}");
    }
    assert_eq!(check_at("127.0.0.1:80", None, "/", &[("host", "localhost"), JSON]), Ok(()));
    assert_eq!(
        check_at("127.0.0.1:8411", None, "http://localhost:8411/", &[("host", "localhost:8411"), JSON]),
        Ok(())
    );
}

#[test]
fn every_other_host_is_refused_as_after_dns_rebinding() {
    for host in [
        "evil.example:8411",
        "evil.example",
        "localhost",
        "localhost:8412",
        "127.0.0.1",
        "localhost.evil.example:8411",
        "localhost.:8411",
        "127.0.0.1.evil.example:8411",
        "0.0.0.0:8411",
        "192.168.0.1:8411",
        "[::]:8411",
        "",
        "a b",
    ] {
        assert_eq!(with_host(host), Err(Refusal::Host), "{host}");
    }
    assert_eq!(check(&[JSON]), Err(Refusal::Host));
    assert_eq!(check(&[("host", "localhost:8411"), ("host", "localhost:8411"), JSON]), Err(Refusal::Host));
    let target = "http://evil.example:8411/dev/token";
    assert_eq!(
        check_at("127.0.0.1:8411", None, target, &[("host", "localhost:8411"), JSON]),
        Err(Refusal::Host)
    );
}

#[test]
fn pages_of_other_origins_are_refused() {
    let page = |fields: &[(&'static str, &'static str)]| {
        check(&[&[("host", "localhost:8411"), JSON], fields].concat())
    };
    for good in [
        &[("origin", "http://localhost:8411")][..],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8411")],
    ] {
        assert_eq!(page(good), Ok(()), "{good:?}");
    }
    for bad in [
        &[("origin", "http://evil.example")][..],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", "http://localhost")],
        &[("origin", "http://localhost:3000")],
        &[("origin", "https://localhost:8411")],
        &[("origin", "http://127.0.0.1:8411")],
        &[("origin", "http://localhost:8411"), ("origin", "http://evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "")],
        &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")],
    ] {
        assert_eq!(page(bad), Err(Refusal::Page), "{bad:?}");
    }
}

#[test]
fn a_body_must_be_json_by_its_type() {
    let typed =
        |fields: &[(&'static str, &'static str)]| check(&[&[("host", "localhost:8411")], fields].concat());
    assert_eq!(typed(&[("content-type", "Application/JSON; charset=utf-8")]), Ok(()));
    for bad in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "text/plain; application/json")],
        &[("content-type", "application/jsonp")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[JSON, JSON],
    ] {
        assert_eq!(typed(bad), Err(Refusal::ContentType), "{bad:?}");
    }
}

#[test]
fn a_secret_is_required_where_there_is_one_and_opens_other_host_names_only_on_other_addresses() {
    let secret = Some("0123456789abcdef");
    let ask = |address: &str, fields: &[(&'static str, &'static str)]| {
        check_at(address, secret, "/dev/token", &[&[JSON], fields].concat())
    };
    let right = ("authorization", "bearer 0123456789abcdef");
    assert_eq!(ask("0.0.0.0:8411", &[("host", "issuer:9999"), right]), Ok(()));
    assert_eq!(ask("127.0.0.1:8411", &[("host", "localhost:8411"), right]), Ok(()));
    assert_eq!(ask("127.0.0.1:8411", &[("host", "issuer:8411"), right]), Err(Refusal::Host));
    let page = [("host", "issuer"), right, ("origin", "http://evil.example")];
    assert_eq!(ask("0.0.0.0:8411", &page), Err(Refusal::Page));
    for bad in [
        &[][..],
        &[("authorization", "Bearer 0123456789abcdeF")],
        &[("authorization", "Bearer 0123456789abcde")],
        &[("authorization", "Bearer")],
        &[("authorization", "")],
        &[("authorization", "Basic 0123456789abcdef")],
        &[right, right],
    ] {
        let fields = [&[("host", "localhost:8411")], bad].concat();
        assert_eq!(ask("127.0.0.1:8411", &fields), Err(Refusal::Secret), "{bad:?}");
        assert_eq!(ask("0.0.0.0:8411", &fields), Err(Refusal::Secret), "{bad:?}");
    }
}
