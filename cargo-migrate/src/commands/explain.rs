pub(crate) mod codes;

use std::collections::BTreeSet;

use anstyle::Style;
use clap::Args;
use include_dir::{Dir, include_dir};
use serde::Serialize;

use self::codes::Group;
use crate::output::error::CommandError;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::Context;

static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/explain");

/// Explain what a code means, and how to fix the problem
///
/// Covers all problems that `check`, `doctor` and the compiler find, and all refusals of a command
/// or an application. Without a code, lists all codes.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code in brackets after `error`, or `code` in JSON, such as `multiple-heads`
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

#[derive(Serialize)]
struct Listing {
    codes: Vec<&'static str>,
    groups: Vec<ListedGroup>,
}

#[derive(Serialize)]
struct ListedGroup {
    group: &'static str,
    codes: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    code: &'static str,
    title: String,
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

/// A first sentence that is longer is cut where it adds more.
const WIDTH: usize = 80;

/// Returns what a page says first, in a line.
fn title(page: &str) -> String {
    let paragraph = page.split("\n\n").nth(1).unwrap_or_default();
    let line = paragraph.replace('\n', " ");
    let sentence = until(&line, &['.']);
    match sentence.len() > WIDTH {
        true => until(sentence, &[':', ';']).to_owned(),
        false => sentence.to_owned(),
    }
}

/// Returns the text before the first sign that ends a sentence.
fn until<'l>(line: &'l str, ends: &[char]) -> &'l str {
    let mut is_code = false;
    for (at, sign) in line.char_indices() {
        let rest = &line[at + sign.len_utf8()..];
        if sign == '`' {
            is_code = !is_code;
        } else if !is_code && ends.contains(&sign) && (rest.is_empty() || rest.starts_with(' ')) {
            return &line[..at];
        }
    }
    line
}

fn titled(code: &'static str) -> Listed {
    Listed {
        code,
        title: page(code).map(title).unwrap_or_default(),
    }
}

fn list(ui: &Ui) -> Result<(), CommandError> {
    let groups: Vec<ListedGroup> = codes::groups()
        .into_iter()
        .map(|Group { name, codes }| ListedGroup {
            group: name,
            codes: codes.into_iter().map(titled).collect(),
        })
        .collect();
    if ui.is_json() {
        return ui.json(&Listing {
            codes: codes::all().collect(),
            groups,
        });
    }
    let width = codes::all().map(str::len).max().unwrap_or_default();
    for (number, ListedGroup { group, codes }) in groups.iter().enumerate() {
        if number > 0 {
            ui.answer("")?;
        }
        ui.answer(styled(Style::new().bold(), format_args!("{group}:")))?;
        for Listed { code, title } in codes {
            ui.answer(format_args!("  {code:width$}  {title}"))?;
        }
    }
    ui.help(format_args!(
        "{} explains one",
        styled(style::HELP, "cargo migrate explain <code>")
    ));
    Ok(())
}

/// More than these are no help to choose from.
const MOST: usize = 4;

fn unknown(given: &str, code: &str) -> CommandError {
    let error = CommandError::usage(format!("unknown code `{given}`"));
    let near = nearest(code);
    match near.len() {
        0 => error.help("`cargo migrate explain` lists the codes"),
        _ => error
            .help(format!("did you mean `{}`?", near.join("`, `")))
            .candidates(near.into_iter().map(str::to_owned).collect()),
    }
}

/// Returns the code that is nearly it, or the few that have all its words.
fn nearest(code: &str) -> Vec<&'static str> {
    let nearly = codes::all()
        .map(|known| (strsim::damerau_levenshtein(code, known), known))
        .filter(|(distance, _)| *distance <= (code.len() / 3).max(1))
        .min();
    let words: BTreeSet<&str> = code.split('-').collect();
    let has_all = |known: &&str| words.is_subset(&known.split('-').collect());
    let longer: Vec<&str> = codes::all().filter(has_all).collect();
    match nearly {
        _ if (1..=MOST).contains(&longer.len()) => longer,
        Some((_, near)) => vec![near],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use clap::error::ErrorKind;

    use super::*;
    use crate::commands::Cli;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let missing: Vec<_> = codes::all().filter(|code| page(code).is_none()).collect();
        assert!(missing.is_empty(), "no page for {missing:?}");
        for file in PAGES.files() {
            let name = file.path().file_stem().unwrap().to_string_lossy();
            assert!(codes::all().any(|code| code == name), "{name}");
        }
    }

    #[test]
    fn every_page_says_what_it_is_about_and_what_to_do() {
        for code in codes::all() {
            let page = page(code).unwrap();
            assert!(page.starts_with(&format!("# {code}\n\n")), "{code}");
            let title = title(page);
            assert!((10..=100).contains(&title.len()), "{code}: {title}");
            assert!(page.contains("\n## How to fix it\n"), "{code}");
            let wide = |line: &&str| !line.starts_with('|') && line.chars().count() > 105;
            assert_eq!(page.lines().find(wide), None, "{code}");
        }
    }

    #[test]
    fn every_command_of_a_page_can_be_typed() {
        let mut typed = 0;
        let mut wrong = Vec::new();
        for file in PAGES.files() {
            for command in commands(file.contents_utf8().unwrap()) {
                let words = words(&command);
                // A command that is only named lacks what it needs.
                let is_name = words.len() == 2;
                let error = Cli::try_parse_from(words).err().map(|error| error.kind());
                match error {
                    None | Some(ErrorKind::DisplayHelp) => {}
                    Some(ErrorKind::MissingRequiredArgument) if is_name => {}
                    Some(kind) => wrong.push((file.path(), command, kind)),
                }
                typed += 1;
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(typed > 300, "{typed}");
    }

    /// Our commands in a page: after a prompt, and in backticks.
    fn commands(page: &str) -> Vec<String> {
        const OURS: &str = "cargo migrate ";
        let mut commands = Vec::new();
        let mut is_code = false;
        let mut text = String::new();
        for line in page.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
            } else if !is_code {
                text.push_str(line);
                text.push(' ');
            } else if let Some((_, words)) = line.split_once(OURS)
                && line.starts_with("$ ")
            {
                let ends = [" #", " > "].map(|end| words.find(end).unwrap_or(words.len()));
                commands.push(words[..ends[0].min(ends[1])].to_owned());
            }
        }
        let quoted = text.split('`').skip(1).step_by(2);
        commands.extend(
            quoted
                .filter_map(|it| it.strip_prefix(OURS))
                .map(str::to_owned),
        );
        commands
    }

    /// Splits as a shell does, with something in the place of `<what is to be filled in>`.
    fn words(command: &str) -> Vec<String> {
        let mut words = vec!["cargo-migrate".to_owned(), String::new()];
        let filled = command
            .replace("<tool>", "sqlx")
            .replace("<command>", "run");
        let mut quote = None;
        for sign in filled.chars() {
            match (sign, quote) {
                ('"' | '\'', None) => quote = Some(sign),
                (_, Some(open)) if sign == open => quote = None,
                (' ', None) => words.push(String::new()),
                ('<' | '>', _) => {}
                _ => words.last_mut().unwrap().push(sign),
            }
        }
        // A placeholder's blanks are its own; a quoted nothing does not occur.
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn a_title_ends_where_more_is_listed() {
        let of = |text: &str| title(&format!("# code\n\n{text}\n\nmore"));
        assert_eq!(of("One thing.\nAnother."), "One thing");
        assert_eq!(of("One\nthing: another."), "One thing: another");
        let long = "and so on ".repeat(10);
        assert_eq!(of(&format!("One thing: {long}.")), "One thing");
        assert_eq!(
            of("A line `-- key. value` of\n1.5"),
            "A line `-- key. value` of 1.5"
        );
    }
}
