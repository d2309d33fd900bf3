//! Refusals of targets, and what to type instead.

/// The reason why a target is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It is not a target.
    #[error("invalid target `{0}`")]
    Malformed(String),
    /// No revision has this id or label.
    #[error("revision `{given}` does not exist")]
    UnknownRevision {
        /// The text of the user.
        given: String,
        /// The nearest id or label.
        nearest: Option<String>,
    },
    /// The revision exists, but is not on the branch before the `@`.
    #[error("revision `{given}` is not on the branch of `{branch}`")]
    OutsideBranch {
        /// The text of the user.
        given: String,
        /// The branch.
        branch: String,
    },
    /// Steps up to revert, or steps down to apply.
    #[error("`{given}` leads in the wrong direction")]
    WrongDirection {
        /// The text of the user.
        given: String,
        /// The command for this direction.
        command: &'static str,
    },
    /// The target is applied already, and that is not accepted here.
    #[error("nothing to do: the database is already at `{given}`")]
    AlreadyApplied {
        /// The text of the user.
        given: String,
    },
    /// It is a prefix of several ids.
    #[error("ambiguous revision `{given}`: it is a prefix of `{}`", candidates.join("`, `"))]
    AmbiguousRevision {
        /// The text of the user.
        given: String,
        /// The ids.
        candidates: Vec<String>,
    },
    /// `head`, if the chain has several.
    #[error("there are {} heads: `{}`", heads.len(), heads.join("`, `"))]
    SeveralHeads {
        /// The heads.
        heads: Vec<String>,
    },
    /// Steps past a base or a head.
    #[error("`{given}` leads past the {end} of the chain{}", if *.is_empty { ": nothing is applied" } else { "" })]
    OutOfRange {
        /// The text of the user.
        given: String,
        /// `base` or `head`.
        end: &'static str,
        /// Whether the steps go down from a database in which nothing is applied.
        is_empty: bool,
    },
    /// A relative step where the chain branches.
    #[error("ambiguous target `{given}`: the next revision may be `{}`", candidates.join("`, `"))]
    AmbiguousWalk {
        /// The text of the user.
        given: String,
        /// The next revision on each branch.
        candidates: Vec<String>,
    },
    /// The target is not an ancestor of the applied revisions.
    #[error(
        "`{given}` is not an ancestor of the applied revisions: {}",
        applied_or_none(applied)
    )]
    NotADescendant {
        /// The text of the user.
        given: String,
        /// The heads of the applied revisions.
        applied: Vec<String>,
    },
    /// The end of a range is not a descendant of its beginning.
    #[error("`{from}` does not lead to `{to}`")]
    NotConnected {
        /// The beginning of the range.
        from: String,
        /// The end of the range.
        to: String,
        /// Whether the beginning is a descendant of the end.
        reversed: bool,
    },
    /// The revert would affect more than the named branch.
    #[error("reverting to `{given}` also requires reverting revisions of other branches: `{}`", others.join("`, `"))]
    Collateral {
        /// The text of the user.
        given: String,
        /// The other revisions that would be reverted.
        others: Vec<String>,
    },
}

fn applied_or_none(applied: &[String]) -> String {
    match applied.is_empty() {
        true => "none".to_owned(),
        false => format!("`{}`", applied.join("`, `")),
    }
}

macro_rules! codes {
    ($($pattern:pat => $code:literal,)*) => {
        /// Every code that [`code`](Self::code) can return.
        pub const CODES: &'static [&'static str] = &[$($code,)*];

        /// Returns the stable name of the refusal; `cargo migrate explain <code>` explains it.
        #[must_use]
        pub const fn code(&self) -> &'static str {
            match self { $($pattern => $code,)* }
        }
    };
}

impl TargetError {
    codes! {
        Self::Malformed(_) | Self::WrongDirection { .. } => "malformed-target",
        Self::AlreadyApplied { .. } => "already-applied",
        Self::UnknownRevision { .. } | Self::OutsideBranch { .. } => "unknown-revision",
        Self::AmbiguousRevision { .. } => "ambiguous-revision",
        Self::SeveralHeads { .. } => "several-heads",
        Self::OutOfRange { .. } => "out-of-range",
        Self::AmbiguousWalk { .. } => "ambiguous-walk",
        Self::NotADescendant { .. } | Self::NotConnected { .. } => "not-a-descendant",
        Self::Collateral { .. } => "collateral",
    }

    /// Returns the candidates for the target, or the revisions that prevent it.
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
            | Self::NotConnected { .. }
            | Self::WrongDirection { .. }
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
            Self::UnknownRevision { given, .. } if given == "none" => "use `base`; `none` is what the header of a first revision says".to_owned(),
            Self::UnknownRevision { nearest: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::UnknownRevision { nearest: None, .. } => "`cargo migrate history` lists the revisions".to_owned(),
            Self::OutsideBranch { given, .. } => format!("use `{given}` without the branch"),
            Self::WrongDirection { given, command } => format!("use `cargo migrate {command} {given}`"),
            Self::AlreadyApplied { .. } => return None,
            Self::AmbiguousRevision { .. } => "use a longer prefix".to_owned(),
            Self::SeveralHeads { heads } => format!("name one, use `heads` for all, or join them with `cargo migrate merge {}`", heads.join(" ")),
            Self::OutOfRange { is_empty: true, .. } => "there is nothing to revert: `cargo migrate status` shows the database".to_owned(),
            Self::OutOfRange { end, .. } => format!("use `{end}` to go as far as possible"),
            Self::AmbiguousWalk { candidates, .. } => match candidates.is_empty() {
                false => format!("name one: `{}`", candidates.join("` or `")),
                true => return None,
            },
            Self::NotADescendant { .. } => "`cargo migrate status` shows what is applied".to_owned(),
            Self::NotConnected { from, to, reversed: true } => format!("did you mean `{to}:{from}`?"),
            Self::NotConnected { reversed: false, .. } => "neither is an ancestor of the other; `cargo migrate history` shows the branches".to_owned(),
            Self::Collateral { .. } => "add `--cascade` to revert them as well".to_owned(),
        })
    }
}
