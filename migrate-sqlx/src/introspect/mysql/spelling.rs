//! The texts of MySQL's information schema.

use std::borrow::Cow;
use std::collections::BTreeSet;

use migrate_core::Dialect;
use migrate_replay::{Named, ReachKind, reaches_with};
use migrate_schema::Options;
use migrate_sql::{Lexer, Quoting, Token, TokenKind};

/// MySQL reports a default as a bare value; this returns its literal.
pub(super) fn literal(value: &str, data_type: &str) -> String {
    const NUMBERS: [&str; 11] = [
        "tinyint",
        "smallint",
        "mediumint",
        "int",
        "bigint",
        "decimal",
        "numeric",
        "float",
        "double",
        "year",
        "bit",
    ];
    let data_type = data_type.to_ascii_lowercase();
    let is_time = matches!(data_type.as_str(), "timestamp" | "datetime")
        && value.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP");
    let is_hex = data_type.ends_with("binary") && value.starts_with("0x");
    match is_time || is_hex || NUMBERS.contains(&data_type.as_str()) {
        true => value.to_owned(),
        false => Dialect::MySql.literal(value),
    }
}

/// MySQL escapes the quotes of expressions once more than it wants them back, and encodes them twice.
pub(super) fn unescaped(expression: &str) -> String {
    let expression = decoded(expression);
    let mut text = String::with_capacity(expression.len());
    let mut signs = expression.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => text.push(
                signs
                    .next_if(|next| matches!(next, '\'' | '\\'))
                    .unwrap_or('\\'),
            ),
            sign => text.push(sign),
        }
    }
    bare_numbers(&text)
}

/// MySQL writes `-9` as `-(9)`, and that, read again, as `-9`: the second is taken for both.
fn bare_numbers(expression: &str) -> String {
    let mut bare = String::with_capacity(expression.len());
    let mut quote = None;
    let mut rest = expression;
    while let Some(sign) = rest.chars().next() {
        if quote.is_none()
            && let Some(inner) = rest.strip_prefix("-(")
            && let Some((number, after)) = inner.split_once(')')
            && number.starts_with(|sign: char| sign.is_ascii_digit())
            && number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            bare.extend(["-", number]);
            rest = after;
            continue;
        }
        // A doubled quote ends a text and begins it again, which is the same here.
        match quote {
            Some(open) if open == sign => quote = None,
            None if matches!(sign, '\'' | '"' | '`') => quote = Some(sign),
            _ => {}
        }
        bare.push(sign);
        rest = &rest[sign.len_utf8()..];
    }
    bare
}

/// MySQL keeps an expression in UTF-8 and shows each of its bytes as a character (MySQL 8.0 to 9.7).
fn decoded(text: &str) -> Cow<'_, str> {
    let bytes: Option<Vec<u8>> = text.chars().map(|sign| u8::try_from(sign).ok()).collect();
    match bytes.map(String::from_utf8) {
        Some(Ok(decoded)) => Cow::Owned(decoded),
        // A server that shows it as it is.
        _ => Cow::Borrowed(text),
    }
}

/// Returns the algorithm and the columns before a view's definition, in what
/// `SHOW CREATE VIEW` says.
pub(super) fn view_options(statement: &str) -> Options {
    let mut options = Options::new();
    let mut lexer = Lexer::new(Dialect::MySql, statement);
    let mut before = ["", ""];
    let mut columns = None;
    while let Ok(Some(Token { kind, start, end })) = lexer.next_token() {
        if !kind.matters() {
            continue;
        }
        let written = &statement[start..end];
        match (before, written, columns) {
            (_, "AS", None) => break,
            (["ALGORITHM", "="], algorithm, None) if algorithm != "UNDEFINED" => {
                options.insert("ALGORITHM", algorithm.to_owned());
            }
            (["VIEW", _], "(", None) => columns = Some(start),
            (_, ")", Some(start)) => {
                options.insert("COLUMNS", statement[start..end].to_owned());
                break;
            }
            _ => {}
        }
        before = [before[1], written];
    }
    options
}

/// What came in a message of several statements has kept its semicolon on MySQL.
pub(super) fn without_end(body: &str) -> &str {
    body.trim_end_matches(|sign: char| sign == ';' || sign.is_whitespace())
}

/// Returns the literal default of a column in what `SHOW CREATE TABLE` says, a line for each column.
pub(super) fn default_of<'s>(statement: &'s str, column: &str) -> Option<&'s str> {
    let beginning = format!("  {} ", Dialect::MySql.quote(column));
    let start = statement.find(&format!("\n{beginning}"))? + 1 + beginning.len();
    let rest = &statement[start..];
    let mut lexer = Lexer::new(Dialect::MySql, rest);
    let mut is_next = false;
    while let Ok(Some(Token { kind, start, end })) = lexer.next_token() {
        let written = &rest[start..end];
        match kind.matters() {
            true if is_next => return Some(written),
            true => is_next = written == "DEFAULT",
            false if written.contains('\n') => return None,
            false => {}
        }
    }
    None
}

/// `row_format=COMPRESSED key_block_size=8 partitioned`: values of MariaDB can be in quotes.
pub(super) fn create_options(text: &str) -> Options {
    let mut options = Options::new();
    let mut lexer = Lexer::new(Dialect::MySql, text);
    let mut words: Vec<&str> = Vec::new();
    while let Ok(Some(Token { kind, start, end })) = lexer.next_token() {
        if kind.matters() {
            words.push(&text[start..end]);
        }
    }
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let key = word.trim_matches('`').to_ascii_uppercase();
        let value = words.next_if_eq(&"=").map(|_| words.next());
        match value {
            // The partitions are read elsewhere.
            _ if key == "PARTITIONED" => {}
            Some(value) => options.insert(key, value.unwrap_or_default()),
            None => options.set(key),
        }
    }
    options
}

/// Takes the database's own name out of a view's text.
///
/// `db`.`table`.`column` loses it always. Of two names the first may be an alias, so it goes only
/// where the second is a table or view, or a function that is called.
pub(super) fn without_database(text: &str, own: &str, names: &BTreeSet<String>) -> String {
    let mut lexer = Lexer::new(Dialect::MySql, text);
    let mut tokens: Vec<Token> = Vec::new();
    loop {
        match lexer.next_token() {
            Ok(Some(token)) => tokens.push(token),
            Ok(None) => break,
            // Not what a server writes; it stays as it is.
            Err(_) => return text.to_owned(),
        }
    }
    let word = |at: usize| {
        tokens
            .get(at)
            .map_or("", |token| &text[token.start..token.end])
    };
    let is_name = |at: usize| {
        tokens
            .get(at)
            .is_some_and(|token| token.kind == TokenKind::Quoted)
    };
    let quoted = Dialect::MySql.quote(own);
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    while at < tokens.len() {
        let begins = at == 0 || word(at - 1) != ".";
        if begins && word(at) == quoted && word(at + 1) == "." && is_name(at + 2) {
            let is_three = word(at + 3) == "." && is_name(at + 4);
            let name = word(at + 2).trim_matches('`').replace("``", "`");
            if is_three || names.contains(&name) || word(at + 3) == "(" {
                at += 2;
                continue;
            }
        }
        result.push_str(word(at));
        at += 1;
    }
    result
}

/// Takes the database's own name from before the objects that a routine or a trigger names: they are
/// looked for there anyway (MySQL manual, "Stored Routine Syntax": an implicit `USE`).
pub(super) fn without_own_database(statement: &str, own: &str, quoting: Quoting) -> String {
    let mut rest = String::with_capacity(statement.len());
    let mut at = 0;
    for reach in reaches_with(Dialect::MySql, quoting, statement) {
        if let ReachKind::Database {
            name,
            before: Named::Read | Named::Written | Named::Called,
            object,
        } = reach.kind
            && name == own
            && reach.range.start >= at
        {
            rest.push_str(&statement[at..reach.range.start]);
            at = object;
        }
    }
    rest + statement.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{
        Quoting, create_options, default_of, literal, unescaped, view_options, without_database,
        without_own_database,
    };

    #[test]
    fn bare_defaults_become_literals() {
        for (value, data_type, expected) in [
            ("abc", "varchar", "'abc'"),
            ("it's \\", "varchar", "'it''s \\\\'"),
            ("", "char", "''"),
            ("0", "int", "0"),
            ("1.50", "decimal", "1.50"),
            ("b'101'", "bit", "b'101'"),
            ("0x6100", "varbinary", "0x6100"),
            ("2000-01-02", "date", "'2000-01-02'"),
            ("CURRENT_TIMESTAMP", "timestamp", "CURRENT_TIMESTAMP"),
            ("CURRENT_TIMESTAMP", "varchar", "'CURRENT_TIMESTAMP'"),
        ] {
            assert_eq!(literal(value, data_type), expected, "{value} {data_type}");
        }
    }

    #[test]
    fn expressions_lose_the_escapes_that_are_too_many() {
        assert_eq!(
            unescaped(r"concat(_utf8mb4\'a\\b\',`x`,\n)"),
            r"concat(_utf8mb4'a\b',`x`,\n)"
        );
    }

    #[test]
    fn negative_numbers_are_written_in_one_way() {
        for (shown, expected) in [
            (
                "(`n` > -(9)) or (`n` < -(1.5))",
                "(`n` > -9) or (`n` < -1.5)",
            ),
            (r"concat(\'-(9)\',`-(9)`)", "concat('-(9)',`-(9)`)"),
            ("-(`n`) - (9)", "-(`n`) - (9)"),
        ] {
            assert_eq!(unescaped(shown), expected);
        }
    }

    #[test]
    fn expressions_are_encoded_once() {
        let twice: String = "concat(`größe`,'€😀')".bytes().map(char::from).collect();
        for (shown, expected) in [
            (twice.as_str(), "concat(`größe`,'€😀')"),
            // As a server shows it that has repaired this.
            ("lower('größe')", "lower('größe')"),
            ("lower('😀')", "lower('😀')"),
        ] {
            assert_eq!(unescaped(shown), expected);
        }
    }

    #[test]
    fn what_stands_before_the_definition_of_a_view() {
        let options = |statement: &str| -> Vec<(String, String)> {
            let options = view_options(statement);
            let pairs = options
                .values()
                .map(|(key, value)| (key.to_owned(), value.to_owned()));
            pairs.collect()
        };
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            options(
                "CREATE ALGORITHM=MERGE DEFINER=`a`@`%` SQL SECURITY INVOKER VIEW `v` (`a`,`b)`) AS select (1)"
            ),
            [pair("ALGORITHM", "MERGE"), pair("COLUMNS", "(`a`,`b)`)")]
        );
        let plain = "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `AS` AS select (1)";
        assert_eq!(options(plain), []);
    }

    #[test]
    fn defaults_in_statements() {
        let statement = "CREATE TABLE `t` (\n  `a` varbinary(8) NOT NULL,\n  `b``c` varbinary(8) DEFAULT 0x00FF27,\n  `d` varchar(9) COLLATE utf8mb4_bin NOT NULL DEFAULT 'it''s, ?' COMMENT 'DEFAULT'\n)";
        for (column, expected) in [
            ("a", None),
            ("b`c", Some("0x00FF27")),
            ("d", Some("'it''s, ?'")),
            ("e", None),
        ] {
            assert_eq!(default_of(statement, column), expected, "{column}");
        }
    }

    #[test]
    fn options_of_tables() {
        let options = create_options(
            "row_format=COMPRESSED `page_compressed`='ON' partitioned stats_persistent=1",
        );
        let options: Vec<(&str, &str)> = options.values().collect();
        assert_eq!(
            options,
            [
                ("PAGE_COMPRESSED", "'ON'"),
                ("ROW_FORMAT", "COMPRESSED"),
                ("STATS_PERSISTENT", "1")
            ]
        );
    }

    #[test]
    fn only_what_names_the_database_goes() {
        let names = BTreeSet::from(["t".to_owned(), "o`dd".to_owned()]);
        for (text, expected) in [
            (
                "select `db`.`t`.`a` from `db`.`t`",
                "select `t`.`a` from `t`",
            ),
            ("`db`.`o``dd`", "`o``dd`"),
            ("`db`.`f`(1)", "`f`(1)"),
            // An alias of the same name, and another database.
            (
                "`db`.`column` + `x`.`db`.`t`",
                "`db`.`column` + `x`.`db`.`t`",
            ),
            ("'`db`.`t`' + `other`.`t`", "'`db`.`t`' + `other`.`t`"),
        ] {
            assert_eq!(without_database(text, "db", &names), expected);
        }
    }

    #[test]
    fn bodies_lose_the_name_of_their_database() {
        let body = "CREATE PROCEDURE `p`()\nBEGIN INSERT INTO shop . a SELECT shop.x FROM `shop`.b shop; CALL other.p(); END";
        assert_eq!(
            without_own_database(body, "shop", Quoting::default()),
            "CREATE PROCEDURE `p`()\nBEGIN INSERT INTO a SELECT shop.x FROM b shop; CALL other.p(); END"
        );
    }
}
