//! Why a target cannot be, and what to type instead.

/// Why a target cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It cannot be read.
    #[error("invalid target `{0}`")]
    Malformed(String),
    /// No revision has this id or label.
    #[error("revision `{given}` does not exist")]
    UnknownRevision {
        /// What was given.
        given: String,
        /// What is near it.
        nearest: Option<String>,
    },
    /// The revision exists, but is not of the branch before the `@`.
    #[error("revision `{given}` is not on the branch of `{branch}`")]
    OutsideBranch {
        /// What was given.
        given: String,
        /// The branch.
        branch: String,
    },
    /// Steps up for a way down, or the other way round.
    #[error("`{given}` leads in the wrong direction")]
    WrongWay {
        /// What was given.
        given: String,
        /// The command that goes there.
        command: &'static str,
    },
    /// The target is reached already, where that was not to be.
    #[error("nothing to do: the database is already at `{given}`")]
    AlreadyApplied {
        /// What was given.
        given: String,
    },
    /// Several ids begin so.
    #[error("ambiguous revision `{given}`: it is a prefix of `{}`", candidates.join("`, `"))]
    AmbiguousRevision {
        /// What was given.
        given: String,
        /// What it may mean.
        candidates: Vec<String>,
    },
    /// `head` where there are several.
    #[error("there are {} heads: `{}`", heads.len(), heads.join("`, `"))]
    SeveralHeads {
        /// The heads.
        heads: Vec<String>,
    },
    /// A walk past a base or a head.
    #[error("`{given}` leads past the {end} of the chain")]
    OutOfRange {
        /// What was given.
        given: String,
        /// `base` or `head`.
        end: &'static str,
    },
    /// A relative step that forks.
    #[error("ambiguous target `{given}`: the next revision may be `{}`", candidates.join("`, `"))]
    AmbiguousWalk {
        /// What was given.
        given: String,
        /// The next revisions on each way.
        candidates: Vec<String>,
    },
    /// The target does not come before what is applied.
    #[error(
        "`{given}` is not an ancestor of the applied revisions: {}",
        applied_or_nothing(applied)
    )]
    NotADescendant {
        /// What was given.
        given: String,
        /// The heads of what is applied.
        applied: Vec<String>,
    },
    /// The end of a range does not come after its beginning.
    #[error("`{from}` does not lead to `{to}`")]
    Apart {
        /// The beginning that was given.
        from: String,
        /// The end that was given.
        to: String,
        /// Whether the end leads to the beginning.
        turned: bool,
    },
    /// More than the named branch would have to go.
    #[error("reverting to `{given}` also requires reverting revisions of other branches: `{}`", others.join("`, `"))]
    Collateral {
        /// What was given.
        given: String,
        /// What else would go.
        others: Vec<String>,
    },
}

fn applied_or_nothing(applied: &[String]) -> String {
    match applied.is_empty() {
        true => "none".to_owned(),
        false => format!("`{}`", applied.join("`, `")),
    }
}

macro_rules! codes {
    ($($pattern:pat => $code:literal,)*) => {
        /// Every code that [`code`](Self::code) can return.
        pub const CODES: &'static [&'static str] = &[$($code,)*];

        /// Returns the stable name of the refusal; `cargo migrate explain <code>` tells its story.
        #[must_use]
        pub const fn code(&self) -> &'static str {
            match self { $($pattern => $code,)* }
        }
    };
}

impl TargetError {
    codes! {
        Self::Malformed(_) | Self::WrongWay { .. } => "malformed-target",
        Self::AlreadyApplied { .. } => "already-applied",
        Self::UnknownRevision { .. } | Self::OutsideBranch { .. } => "unknown-revision",
        Self::AmbiguousRevision { .. } => "ambiguous-revision",
        Self::SeveralHeads { .. } => "several-heads",
        Self::OutOfRange { .. } => "out-of-range",
        Self::AmbiguousWalk { .. } => "ambiguous-walk",
        Self::NotADescendant { .. } | Self::Apart { .. } => "not-a-descendant",
        Self::Collateral { .. } => "collateral",
    }

    /// Returns what the target may have meant, or what stands in its way.
    #[must_use]
    pub fn candidates(&self) -> Vec<String> {
        match self {
            Self::UnknownRevision { nearest, .. } => nearest.iter().cloned().collect(),
            Self::AmbiguousRevision { candidates, .. } | Self::AmbiguousWalk { candidates, .. } => {
                candidates.clone()
            }
            Self::SeveralHeads { heads } => heads.clone(),
            Self::NotADescendant { applied, .. } => applied.clone(),
            Self::Collateral { others, .. } => others.clone(),
            Self::Malformed(_)
            | Self::Apart { .. }
            | Self::WrongWay { .. }
            | Self::AlreadyApplied { .. }
            | Self::OutsideBranch { .. }
            | Self::OutOfRange { .. } => Vec::new(),
        }
    }

    /// Returns what to type instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Malformed(_) => "expected an id, `head`, `heads`, `base`, `current`, `+1`, `-1`, `<id>+1` or `<label>@head`".to_owned(),
            Self::UnknownRevision { nearest: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::UnknownRevision { nearest: None, .. } => "`cargo migrate history` lists the revisions".to_owned(),
            Self::OutsideBranch { given, .. } => format!("use `{given}` without the branch"),
            Self::WrongWay { given, command } => format!("use `cargo migrate {command} {given}`"),
            Self::AlreadyApplied { .. } => return None,
            Self::AmbiguousRevision { .. } => "use a longer prefix".to_owned(),
            Self::SeveralHeads { heads } => format!("name one, use `heads` for all, or join them with `cargo migrate merge {}`", heads.join(" ")),
            Self::OutOfRange { end, .. } => format!("use `{end}` to go as far as possible"),
            Self::AmbiguousWalk { candidates, .. } => match candidates.first() {
                Some(first) => format!("name a revision, such as `{first}`"),
                None => return None,
            },
            Self::NotADescendant { .. } => "`cargo migrate status` shows what is applied".to_owned(),
            Self::Apart { from, to, turned: true } => format!("did you mean `{to}:{from}`?"),
            Self::Apart { turned: false, .. } => "neither is an ancestor of the other; `cargo migrate history` shows the branches".to_owned(),
            Self::Collateral { .. } => "add `--cascade` to revert them as well".to_owned(),
        })
    }
}
