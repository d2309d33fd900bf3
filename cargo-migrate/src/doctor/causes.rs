//! Why things of a kind probably happened: what people report.

use migrate_core::Code;

/// Why a chain is probably as it is; `None` where the message says it already.
pub(super) const fn why(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::UnreadableFile => {
            "it was saved in another encoding, belongs to another user, or is no file at all"
        }
        Code::ConflictMarkers => {
            "a git merge or rebase stopped at this file, and was left or committed as it was"
        }
        Code::MalformedHeader | Code::MissingRevision => {
            "the file was written by hand or comes from another tool: only `cargo migrate new` and `import` write the header"
        }
        Code::UnknownHeader => "a slip of the pen, or a header of a newer version",
        Code::InvalidRevisionId => "the id was typed by hand",
        Code::MalformedSection | Code::DuplicateSection => "a section was copied, or typed by hand",
        Code::DuplicateRevision => {
            "a file was copied to begin a new one, or the same migration came in on two branches"
        }
        Code::UnknownParent => {
            "the file of that revision was deleted or renumbered, or is on a branch that is not merged here"
        }
        Code::UnknownDependency => {
            "the label was taken away, or the revision is on a branch that is not merged here"
        }
        Code::SelfParent => "the file was copied, and its id was written into both lines",
        Code::Cycle => {
            "a merge took both sides of a re-parented chain, or a parent was edited by hand"
        }
        Code::DuplicateLabel => "the file that bears the label was copied",
        Code::LabelIsRevision => "the label was chosen before the revision, or the other way round",
        Code::RedundantParent => "a merge was written by hand, or made again after a rebase",
        Code::MultipleBases => {
            "files were made with an empty parent (`down_revision = None`, a header written by hand), or two branches began a chain each"
        }
        Code::MultipleHeads => {
            "two branches added a revision behind the same one, and git merged both without a word"
        }
        Code::EmptyUp => "the revision was made and never filled in",
        Code::MissingDown => "nobody wrote the way back",
        Code::MissingDialect => {
            "the section names its dialects, and another one was added to the project later"
        }
        Code::UnterminatedSql => "a quote or a comment lost its end, often in a paste",
        Code::TransactionControl => "the SQL was taken from a script that kept its own transaction",
        Code::NeedsNoTransaction => {
            "the statement was tried in a client, which opens no transaction"
        }
        Code::ClientCommand => "the SQL comes from a dump, or from a script of the client",
        Code::LockMalformed => {
            "a git merge was left unfinished in it, or somebody edited it by hand"
        }
        Code::LockMissing => {
            "the file was put there by hand, or chain.lock was not committed with it"
        }
        Code::LockChanged => "somebody edited a migration that others have applied already",
        Code::LockDeleted => {
            "the file was deleted, or is on a branch whose chain.lock was merged without it"
        }
        Code::SchemaLockStale => {
            "a revision was added, edited or merged, and nothing has run the chain since"
        }
        Code::UnreadableSource | Code::UnfollowedSource => {
            "the models are made by a macro, or by a build script"
        }
        Code::DuplicateTable => "a model was copied, or one table has two on purpose",
        Code::ModelWithoutTable
        | Code::FieldWithoutColumn
        | Code::ColumnWithoutField
        | Code::TypeMismatch
        | Code::NullMismatch => {
            "the model was changed and no revision written for it, or the other way round"
        }
        _ => return None,
    })
}
