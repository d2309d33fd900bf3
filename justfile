# What contributors type. `just` alone lists it.

_list:
    @just --list --unsorted

# Formatting, lints and documentation
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# All tests that need no server; the arguments are those of nextest, as in `just test -p migrate-sql`
test *args:
    cargo nextest run --locked --profile quick {{ if args == "" { "--workspace" } else { args } }}

# All tests, on databases that are started for them; the arguments are those of nextest
test-db *args:
    ./tests/run {{ args }}

# Writes the snapshots and expected files of the tests
bless *args:
    BLESS=1 INSTA_UPDATE=always ./tests/run {{ args }}

# Spelling and the words of the project
spelling *args:
    ./tests/spelling {{ args }}

# Licenses and sources of the dependencies
deny:
    cargo deny check licenses bans sources
