#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "mood")]
pub enum Mood {
    #[sqlx(rename = "sad")]
    Sad,
    #[sqlx(rename = "very glad")]
    VeryGlad,
    #[sqlx(rename = "3rd")]
    V3rd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "\"app\".\"Level\"")]
pub enum Level {
    #[sqlx(rename = "Low")]
    Low,
    #[sqlx(rename = "high")]
    High,
}

#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(name = "kinds")]
pub struct Kinds {
    pub id: i64,
    pub flag: bool,
    pub tiny: Option<i8>,
    pub small: Option<i16>,
    pub whole: i32,
    pub one: Option<f32>,
    pub two: Option<f64>,
    pub exact: Option<rust_decimal::Decimal>,
    pub words: String,
    pub few: Option<String>,
    pub three: Option<String>,
    pub folded: Option<String>,
    pub raw: Option<Vec<u8>>,
    pub key: Option<uuid::Uuid>,
    pub at: Option<chrono::NaiveDateTime>,
    pub zoned: Option<chrono::DateTime<chrono::Utc>>,
    pub day: Option<chrono::NaiveDate>,
    pub hour: Option<chrono::NaiveTime>,
    pub zoned_hour: Option<sqlx::postgres::types::PgTimeTz>,
    pub pause: Option<sqlx::postgres::types::PgInterval>,
    pub price: Option<sqlx::postgres::types::PgMoney>,
    pub old: Option<serde_json::Value>,
    pub body: serde_json::Value,
    pub address: Option<sqlx::types::ipnetwork::IpNetwork>,
    pub mail: Option<String>,
    pub cost: Option<rust_decimal::Decimal>,
    pub state: Mood,
    pub states: Option<Vec<Mood>>,
    pub level: Option<Level>,
    pub numbers: Vec<i32>,
    pub spot: Option<sqlx::postgres::types::PgPoint>,
    pub area: Option<sqlx::postgres::types::PgBox>,
    pub span: Option<sqlx::postgres::types::PgRange<i32>>,
    pub period: Option<sqlx::postgres::types::PgRange<chrono::DateTime<chrono::Utc>>>,
    pub pairs: Option<sqlx::postgres::types::PgHstore>,
    pub path: Option<sqlx::postgres::types::PgLTree>,
    // sqlx has no type for `tsvector`: select it as text.
    #[column(type = "tsvector")]
    pub search: Option<String>,
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
    name = "app.members",
    primary_key(org, user),
    index(columns("type", org desc), name = "members_by_type"),
)]
pub struct Members {
    pub org: i64,
    #[column(references = "kinds(id)", on_delete = "cascade")]
    pub user: i64,
    #[sqlx(rename = "Joined At")]
    pub joined_at: chrono::DateTime<chrono::Utc>,
    pub r#type: Option<String>,
    #[sqlx(rename = "2")]
    pub column_2: Option<i32>,
}

#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(
    name = "app.notes",
    unique(org, code),
    foreign_key(columns(org, member), references = "app.members(org, user)", on_update = "cascade"),
)]
pub struct Notes {
    #[column(primary_key)]
    pub code: String,
    pub org: Option<i64>,
    pub member: Option<i64>,
}
