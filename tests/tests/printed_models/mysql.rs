#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(name = "kinds")]
pub struct Kinds {
    pub id: u64,
    pub flag: bool,
    pub tiny: Option<i8>,
    pub tiny_unsigned: Option<u8>,
    pub small: Option<i16>,
    pub small_unsigned: Option<u16>,
    pub medium: Option<i32>,
    pub whole: i32,
    pub whole_unsigned: Option<u32>,
    pub big: Option<i64>,
    pub one: Option<f32>,
    pub two: Option<f64>,
    pub exact: Option<rust_decimal::Decimal>,
    pub bits: Option<u64>,
    pub bit_one: Option<bool>,
    pub since: Option<u16>,
    pub words: String,
    pub few: Option<String>,
    pub three: Option<String>,
    pub state: String,
    pub choice: Option<String>,
    pub raw: Option<Vec<u8>>,
    pub more: Option<Vec<u8>>,
    pub at: Option<chrono::NaiveDateTime>,
    pub zoned: Option<chrono::DateTime<chrono::Utc>>,
    pub day: Option<chrono::NaiveDate>,
    pub hour: Option<chrono::NaiveTime>,
    pub body: Option<serde_json::Value>,
    // sqlx has no type for `point`: select it as text.
    #[column(type = "point")]
    pub spot: Option<String>,
}

#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(
    name = "match",
    primary_key(),
)]
pub struct Match {
    pub id: Option<i32>,
}

#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(
    name = "members",
    primary_key(org, user),
    index(columns("type", org), name = "by_type"),
    index(columns(user), name = "of_user"),
)]
pub struct Members {
    pub org: i64,
    #[column(references = "kinds(id)", on_delete = "cascade")]
    pub user: u64,
    #[sqlx(rename = "Joined At")]
    pub joined_at: chrono::NaiveDateTime,
    pub r#type: Option<String>,
    #[sqlx(rename = "2")]
    pub column_2: Option<i32>,
}
