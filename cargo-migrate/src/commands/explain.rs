use clap::Args;
use include_dir::{Dir, include_dir};
use migrate_core::Code;
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Ui, style, styled};

static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/explain");

/// Explain a diagnostic's code
///
/// Without a code, lists all of them.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// What stands in brackets after `error`, such as `multiple-heads`
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

#[derive(Serialize)]
struct Codes {
    codes: Vec<&'static str>,
}

#[derive(Serialize)]
struct Page<'a> {
    code: &'a str,
    text: &'a str,
}

pub(crate) fn run(args: &ExplainArgs, _: &Context, ui: &Ui) -> Result<(), CommandError> {
    let Some(given) = &args.code else {
        return list(ui);
    };
    let code = given
        .trim_matches(|c: char| !c.is_ascii_alphanumeric())
        .to_ascii_lowercase()
        .replace('_', "-");
    let Some(text) = page(&code) else {
        return Err(unknown(given, &code));
    };
    match ui.is_json() {
        true => ui.json(&Page { code: &code, text }),
        false => ui.answer(text.trim_end()),
    }
}

fn page(code: &str) -> Option<&'static str> {
    PAGES.get_file(format!("{code}.md"))?.contents_utf8()
}

fn list(ui: &Ui) -> Result<(), CommandError> {
    if ui.is_json() {
        return ui.json(&Codes {
            codes: Code::ALL.iter().map(|code| code.as_str()).collect(),
        });
    }
    for code in Code::ALL {
        ui.answer(code)?;
    }
    ui.help(format_args!(
        "{} tells the story of one",
        styled(style::HELP, "cargo migrate explain <code>")
    ));
    Ok(())
}

fn unknown(given: &str, code: &str) -> CommandError {
    let near = Code::ALL
        .iter()
        .map(|known| (strsim::damerau_levenshtein(code, known.as_str()), known))
        .filter(|(distance, _)| *distance <= (code.len() / 3).max(1))
        .min();
    let error = CommandError::usage(format!("there is no code `{given}`"));
    match near {
        Some((_, near)) => error
            .help(format!("did you mean `{near}`?"))
            .candidates(vec![near.to_string()]),
        None => error.help("`cargo migrate explain` lists the codes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let missing: Vec<_> = Code::ALL
            .iter()
            .filter(|code| page(code.as_str()).is_none())
            .collect();
        assert!(missing.is_empty(), "no page for {missing:?}");
        for file in PAGES.files() {
            let name = file.path().file_stem().unwrap().to_string_lossy();
            assert!(Code::ALL.iter().any(|code| code.as_str() == name), "{name}");
        }
    }
}
