//! Database URLs without what nobody should see.

/// A url without its password, and without its settings, which may hold one.
pub(crate) fn redacted(url: &str) -> String {
    let place = |url: &str| url.split('?').next().unwrap_or_default().to_owned();
    if url.starts_with("sqlite:") {
        return place(url);
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return "…".to_owned();
    };
    // Anything that is not a word may be part of a password.
    if !scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    {
        return "…".to_owned();
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if rest[authority.len()..].contains('@') {
        // Whether this sign is of a setting or of a password that its writer forgot to encode,
        // nobody can say: only the first word is none.
        let word = rest.split([':', '/', '?', '#', '@']).next();
        return format!("{scheme}://{}…", word.unwrap_or_default());
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let host = host_setting(rest);
    let rest = place(rest);
    let (user, place) = rest.rsplit_once('@').unwrap_or(("", &rest));
    match user.split(':').next().unwrap_or_default() {
        "" => format!("{scheme}://{place}{host}"),
        user => format!("{scheme}://{user}@{place}{host}"),
    }
}

/// Where the server is, if that stands among the settings.
fn host_setting(rest: &str) -> String {
    let (_, query) = rest.split_once('?').unwrap_or_default();
    let is_host = |pair: &&str| pair.starts_with("host=") || pair.starts_with("socket=");
    match query.split('&').find(is_host) {
        Some(host) => format!("?{host}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            (
                "postgres://me:s3cret@host:5432/app",
                "postgres://me@host:5432/app",
            ),
            (
                "postgres://me:s3c@ret@host/app#s3cret",
                "postgres://me@host/app",
            ),
            (
                "postgres://me:s3/c@r?e#t@host/app?password=s3cret",
                "postgres://me…",
            ),
            ("postgres://me:12/34@host/app", "postgres://me…"),
            ("mysql://host/app?password=s3cret", "mysql://host/app"),
            ("mysql://host/app?password=s3@cret", "mysql://host…"),
            ("mysql://host:1?password=s3@cret", "mysql://host…"),
            ("postgres://:s3cret@host/app", "postgres://host/app"),
            ("postgres:me:s3cret@host/app", "…"),
            ("me:s3cret@host/app", "…"),
            ("s3cret", "…"),
            ("", "…"),
            (
                "postgresql://me:s3cret@/app?host=/cloudsql/x&password=s3cret",
                "postgresql://me@/app?host=/cloudsql/x",
            ),
            (
                "postgres://me:s3cret@a:1,b:2/app",
                "postgres://me@a:1,b:2/app",
            ),
            ("sqlite://a/b@c.db?mode=rwc", "sqlite://a/b@c.db"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
