use super::*;

fn servers(url: &str) -> Vec<String> {
    let url = DatabaseUrl::parse(url).unwrap_or_else(|error| panic!("{error} in {url}"));
    url.servers.iter().map(ToString::to_string).collect()
}

#[test]
fn the_forms_of_libpq_and_of_cloud_providers() {
    for (url, expected) in [
        ("postgres://", &[][..]),
        ("postgres:///app", &[]),
        ("postgresql://me@/app", &[]),
        ("postgres://host", &["host"]),
        ("postgres://host:/app", &["host"]),
        ("postgres://host:5433/app#x", &["host:5433"]),
        ("postgres://me@[::1]:5432/app", &["[::1]:5432"]),
        ("postgres://[::1]/app", &["[::1]"]),
        ("postgres:///app?host=::1", &["[::1]"]),
        ("postgres:///app?host=[::1]&port=1", &["[::1]:1"]),
        ("postgres://%2Frun%2Fpostgresql/app", &["/run/postgresql"]),
        (
            "postgres://%2Frun%2Fpostgresql:5433/app",
            &["/run/postgresql:5433"],
        ),
        (
            "postgresql://u:p@/app?host=/cloudsql/a:b:c",
            &["/cloudsql/a:b:c"],
        ),
        ("postgres://u:p@localhost:1/app?host=/sock", &["/sock:1"]),
        ("postgres://h/app?host=/sock&port=6543", &["/sock:6543"]),
        ("postgres://a:1,b:2/app", &["a:1", "b:2"]),
        ("postgres://me:p@a,[::2]:3/app", &["a", "[::2]:3"]),
        ("postgres:///app?host=a,b&port=1,2", &["a:1", "b:2"]),
        ("postgres:///app?host=a,b&port=1", &["a:1", "b:1"]),
        ("postgres:///app?host=a,b&port=,2", &["a", "b:2"]),
        ("postgres://name/app?hostaddr=127.0.0.1", &["127.0.0.1"]),
        ("mysql://host:/app", &["host"]),
        ("mariadb://%2Frun%2Fmysqld.sock/app", &["/run/mysqld.sock"]),
        ("mysql://u:p@/app?socket=/cloudsql/x", &["/cloudsql/x"]),
        ("mysql://[::1]:3306/app?ssl-mode=REQUIRED", &["[::1]:3306"]),
    ] {
        assert_eq!(servers(url), expected, "{url}");
    }
}

#[test]
fn user_password_and_database() {
    let read = |url: &str| {
        let url = DatabaseUrl::parse(url).unwrap_or_else(|error| panic!("{error} in {url}"));
        let text = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
        [url.user, url.password, url.database].map(text).join(" ")
    };
    for (url, expected) in [
        ("postgres://host", "- - -"),
        ("postgres://me@host/app", "me - app"),
        ("postgres://me:@host/app", "me  app"),
        ("postgres://me:p@w@host/app", "me p@w app"),
        ("postgres://me:p:w@host/app", "me p:w app"),
        ("postgres://me:p%2Fw%23%25@host/a%2Fb", "me p/w#% a/b"),
        ("postgres://me:50%of@host/app", "me 50%of app"),
        ("postgres://host/app?user=me&password=p@w", "me p@w app"),
        ("postgres://host/app?dbname=other&user=a%20b", "a b - other"),
        ("mysql://me:p$w@host/app", "me p$w app"),
    ] {
        assert_eq!(read(url), expected, "{url}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    for url in [
        "postgres://me:p/w@host/app",
        "postgres://me:1/w@host/app",
        "postgres://me:p#w@host/app",
        "postgres://me:1#w@host/app",
        "postgres://host/app?user=me&password=p#w",
        "mysql://me:p?w@host/app",
        "postgres:me:pw@host/app",
        "postgres://::1/app",
        "postgres://me@::1/app",
        "postgres://me@[fe80::1%25eth0]/app",
        "postgres://me@[host]/app",
        "postgres://me@host:0/app",
        "postgres://me@host:99999/app",
        "postgres:///app?host=a,b&port=1,2,3",
        "mysql://a,b/app",
        "mysql://me:p@tcp(host:3306)/app",
        "oracle://host/app",
        "postgres://me:%ff@host/app",
    ] {
        let error = DatabaseUrl::parse(url).expect_err(url);
        assert!(matches!(error, Error::Url(_)), "{url}: {error:?}");
    }
}

#[test]
fn parameters_that_nobody_knows_or_that_cannot_be_used() {
    for (url, message, help) in [
        (
            "postgres://h/d?sslmod=s3cret",
            "`sslmod`",
            "did you mean `sslmode`?",
        ),
        (
            "postgres://h/d?SSLMODE=s3cret",
            "`SSLMODE`",
            "did you mean `sslmode`?",
        ),
        (
            "mysql://h/d?ssl_mode=s3cret",
            "`ssl_mode`",
            "did you mean `ssl-mode`?",
        ),
        ("sqlite://d?mod=s3cret", "`mod`", "did you mean `mode`?"),
        (
            "sqlite://d?load_extension=s3cret",
            "`load_extension`",
            "`[sqlite]`",
        ),
        (
            "postgres://h/d?sslmode=s3cret",
            "`sslmode`",
            "`verify-full`",
        ),
        (
            "mysql://h/d?ssl-mode=s3cret",
            "`ssl-mode`",
            "`verify_identity`",
        ),
        (
            "mysql://h/d?password=s3cret",
            "`password`",
            "before the `@`",
        ),
        (
            "postgres://h/d?channel_binding=require",
            "`channel_binding`",
            "sslmode=verify-full",
        ),
        (
            "postgres://h/d?target_session_attrs=writable",
            "`target_session_attrs`",
            "`read-write`",
        ),
        (
            "postgres://h/d?sslkey=k&sslpassword=s3cret",
            "`sslpassword`",
            "without a password",
        ),
        (
            "postgres://h/d?connect_timeout=s3cret",
            "`connect_timeout`",
            "seconds",
        ),
        (
            "postgres://h/d?zzzzzzzz=s3cret",
            "`zzzzzzzz`",
            "`application_name`",
        ),
        (
            "postgres://h/d?s3cret%40=1",
            "one of the parameters",
            "leave it out",
        ),
        (
            "postgres://h:1?s3cret=x@y/d",
            "one of the parameters",
            "leave it out",
        ),
    ] {
        let error = DatabaseUrl::parse(url).expect_err(url);
        let (message_text, help_text) = (error.to_string(), error.help().unwrap_or_default());
        assert!(
            matches!(error, Error::UrlParameter { .. }),
            "{url}: {message_text}"
        );
        assert!(
            message_text.contains(message) && help_text.contains(help),
            "{message_text}, {help_text}"
        );
        assert!(
            !format!("{message_text}{help_text}{error:?}").contains("s3cret"),
            "{message_text}, {help_text}"
        );
    }
}

#[test]
fn what_has_no_bearing_is_passed_over() {
    for url in [
        "postgres://h/d?keepalives=1&schema=public&sslpassword=x&connect_timeout=1",
        "postgres://h/d?sslmode=VERIFY-FULL&gssencmode=prefer&application_name=x",
        "postgres://h/d?options=-csearch_path%3Da&options[work_mem]=1MB",
        "mysql://h/d?parseTime=true&charset=utf8mb4&ssl-mode=Required",
        "sqlite://d?mode=rwc&cache=private",
        "sqlite::memory:",
        "sqlite://",
    ] {
        assert!(DatabaseUrl::parse(url).is_ok(), "{url}");
    }
}

#[test]
fn what_may_be_a_password_is_no_scheme() {
    for url in [
        "s3cret:p@postgres://host/app",
        "s3cret",
        "me:s3cret@host/app",
    ] {
        let error = DatabaseUrl::parse(url).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn neither_url_nor_password_is_in_its_debug() {
    let url = DatabaseUrl::parse("postgres://me:s3cret@h/d?sslpassword=s3cret").unwrap();
    assert!(!format!("{url:?}").contains("s3cret"));
}

#[cfg(feature = "sqlite")]
#[test]
fn the_forms_of_sqlite() {
    for (url, file, in_memory) in [
        ("sqlite:dev.db", "dev.db", false),
        ("sqlite://dev.db", "dev.db", false),
        ("sqlite:///a/dev.db?mode=ro", "/a/dev.db", false),
        ("sqlite:/a/dev.db", "/a/dev.db", false),
        ("sqlite://a%3Fb#c.db", "a?b#c.db", false),
        ("sqlite:file:dev.db?mode=rwc", "dev.db", false),
        ("sqlite:file:///a/dev.db", "/a/dev.db", false),
        ("sqlite:file://localhost/a/dev.db", "/a/dev.db", false),
        ("sqlite:sqlite.db", "sqlite.db", false),
        ("sqlite::memory:", ":memory:", true),
        ("sqlite://:memory:", ":memory:", true),
        ("sqlite://x?mode=memory&cache=shared", "x", true),
    ] {
        let url = DatabaseUrl::parse(url).unwrap();
        assert_eq!(
            (url.database(), url.is_in_memory()),
            (Some(file), in_memory)
        );
        let options = url.sqlite().unwrap();
        if !in_memory {
            assert_eq!(options.get_filename().to_str(), Some(file));
        }
    }
}

#[cfg(feature = "postgres")]
#[test]
fn what_the_driver_of_postgres_gets() {
    let url = "postgresql://me:p%26w@/app?host=/run/a&port=7&sslmode=require&options=-cx%3D1&target_session_attrs=any&connect_timeout=3";
    let options = DatabaseUrl::parse(url).unwrap().postgres().unwrap();
    let [options] = &options[..] else {
        panic!("one server");
    };
    let socket = options.get_socket().and_then(|socket| socket.to_str());
    assert_eq!(socket, Some("/run/a"));
    assert_eq!(options.get_port(), 7);
    assert_eq!(options.get_username(), "me");
    assert_eq!(options.get_database(), Some("app"));
    assert_eq!(options.get_options(), Some("-cx=1"));
    assert_eq!(options.get_application_name(), Some("cargo migrate"));
    assert!(format!("{options:?}").contains("p&w"));
}
