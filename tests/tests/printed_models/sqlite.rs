#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(name = "boards")]
pub struct Boards {
    pub id: Vec<u8>,
    #[column(references = "boards(id)", on_delete = "set null")]
    pub parent: Option<Vec<u8>>,
    #[column(unique)]
    pub name: String,
}

#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(name = "kinds")]
pub struct Kinds {
    pub id: i64,
    pub flag: bool,
    pub whole: i64,
    pub two: Option<f64>,
    pub exact: Option<f64>,
    pub words: String,
    pub few: Option<String>,
    pub raw: Option<Vec<u8>>,
    pub at: Option<chrono::NaiveDateTime>,
    pub zoned: Option<chrono::NaiveDateTime>,
    pub day: Option<chrono::NaiveDate>,
    pub hour: Option<chrono::NaiveTime>,
    pub body: Option<serde_json::Value>,
    pub state: String,
}

#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(
    name = "match",
    primary_key(),
)]
pub struct Match {
    pub id: Option<i64>,
}

#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(
    name = "members",
    primary_key(org, user),
    index(columns("type", org desc), name = "by_type"),
)]
pub struct Members {
    pub org: i64,
    #[column(references = "kinds(id)", on_delete = "cascade")]
    pub user: i64,
    #[sqlx(rename = "Joined At")]
    pub joined_at: chrono::NaiveDateTime,
    pub r#type: Option<String>,
    #[sqlx(rename = "2")]
    pub column_2: Option<i64>,
}

#[derive(Clone, Debug, sqlx::FromRow, migrate_sqlx::Table)]
#[table(name = "strict_kinds")]
pub struct StrictKinds {
    #[column(primary_key)]
    pub code: String,
    pub whole: Option<i64>,
    pub two: Option<f64>,
    pub anything: Option<Vec<u8>>,
}
