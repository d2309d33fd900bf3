//! What a model knows of its table.

/// A struct that is a model of a table; derived, so that the compiler compares it with the chain.
///
/// ```
/// use migrate_sqlx::Table;
///
/// #[derive(Table)]
/// #[table(name = "users")]
/// struct User {
///     id: i64,
///     email: String,
/// }
///
/// let all = format!("SELECT {} FROM {}", User::COLUMNS.join(", "), User::NAME);
/// assert_eq!(all, "SELECT id, email FROM users");
/// ```
pub trait Table {
    /// The table's name.
    const NAME: &'static str;

    /// The named schema it is in; `None` is the one that the connection uses by itself.
    const SCHEMA: Option<&'static str>;

    /// The names of its columns, in the order of the fields. Those of a struct that is flattened
    /// into this one are not among them: a derive sees one struct.
    const COLUMNS: &'static [&'static str];
}
