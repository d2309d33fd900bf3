use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use proptest::prelude::*;

use super::*;

/// Draws the same with the library that rustc's pictures come from.
fn as_the_library(
    severity: Severity,
    code: Option<&str>,
    message: &str,
    labels: &[Label],
    notes: &[(String, String)],
    style: Style,
) -> String {
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut title = level.primary_title(message);
    if let Some(code) = code {
        title = title.id(code);
    }
    let mut group = Group::with_title(title);
    for (number, label) in labels.iter().enumerate() {
        let kind = match number {
            0 => AnnotationKind::Primary,
            _ => AnnotationKind::Context,
        };
        group = match &label.place {
            None => group.element(Origin::path(&label.file)),
            Some(Place {
                source: Some(source),
                line,
                span,
                ..
            }) => {
                let mut annotation = kind.span(span.clone());
                if !label.text.is_empty() {
                    annotation = annotation.label(&label.text);
                }
                group.element(
                    Snippet::source(source)
                        .path(&label.file)
                        .line_start(*line)
                        .annotation(annotation),
                )
            }
            Some(place) => group.element(
                Origin::path(&label.file)
                    .line(place.line)
                    .char_column(place.column),
            ),
        };
    }
    for (name, text) in notes {
        group = group.element(Level::NOTE.with_name(name.as_str()).message(text));
    }
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Colour => Renderer::styled(),
    };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

/// A place in a line that is not cut, at any of its characters.
fn place() -> impl Strategy<Value = Place> {
    let line =
        "[a-z(;é漢\t\u{1}\u{1b}\u{202e}\u{200d}\u{301}][ a-z0-9_(),;é漢字ü\t\u{7f}\u{2067}]{0,30}|";
    let number = prop_oneof![1..12_usize, 90..1_100_usize];
    (line, number, any::<(usize, usize)>(), any::<bool>()).prop_map(
        |(source, line, (from, to), shown)| {
            let mut boundaries: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
            boundaries.push(source.len());
            let from = from % boundaries.len();
            let to = from + to % (boundaries.len() - from);
            Place {
                line,
                column: from + 1,
                span: boundaries[from]..boundaries[to],
                source: shown.then_some(source),
            }
        },
    )
}

fn label() -> impl Strategy<Value = Label> {
    (
        "[a-z]{1,8}\\.sql",
        prop::option::of(place()),
        "[a-z `é]{0,12}",
    )
        .prop_map(|(file, place, text)| Label {
            file,
            place,
            text: text.trim().to_owned(),
        })
}

proptest! {
    #[test]
    fn it_is_the_picture_of_the_library(
        error in any::<bool>(),
        code in prop::option::of("[a-z-]{1,9}"),
        message in "[a-z `.]{1,20}(\n[a-z]{1,9})?",
        labels in prop::collection::vec(label(), 0..4),
        notes in prop::collection::vec(("[a-z]{1,8}", "[a-z `é]{1,20}(\n[a-z ]{1,9}){0,2}"), 0..3),
        colour in any::<bool>(),
    ) {
        let severity = if error { Severity::Error } else { Severity::Warning };
        let style = if colour { Style::Colour } else { Style::Plain };
        let mut drawing = Drawing::new(severity, &message);
        if let Some(code) = &code {
            drawing = drawing.code(code);
        }
        for label in &labels {
            drawing = drawing.label(label);
        }
        for (name, text) in &notes {
            drawing = drawing.note(name, text);
        }
        prop_assert_eq!(
            drawing.render(style),
            as_the_library(severity, code.as_deref(), &message, &labels, &notes, style)
        );
    }
}

fn drawn(source: &str, span: std::ops::Range<usize>, text: &str) -> String {
    let label = Label::at("a.sql", source, span, text);
    Drawing::new(Severity::Error, "wrong")
        .label(&label)
        .render(Style::Plain)
}

#[test]
fn a_label_of_several_lines_stays_beside_its_mark() {
    insta::assert_snapshot!(drawn("SELECT a;", 7..8, "column \"a\" does not exist\nperhaps \"b\""), @r#"
    error: wrong
     --> a.sql:1:8
      |
    1 | SELECT a;
      |        ^ column "a" does not exist
      |          perhaps "b"
    "#);
}

#[test]
fn a_wide_line_is_cut_around_its_mark() {
    let line = format!("{}HERE{}", "x".repeat(150), "y".repeat(150));
    let drawn = drawn(&line, 150..154, "");
    let lines: Vec<&str> = drawn.lines().collect();
    let at = lines[3].find("HERE").expect("the mark is shown");
    assert_eq!(lines[4].find('^'), Some(at), "{drawn}");
    assert!(
        lines[3].starts_with("1 | ...x") && lines[3].ends_with("y..."),
        "{drawn}"
    );
    assert!(lines[3].len() < 160, "{drawn}");
}

#[test]
fn a_wide_mark_ends_with_what_is_shown() {
    let line = "x".repeat(399);
    for span in [0..399, 200..399, 398..399, 399..399] {
        let drawn = drawn(&line, span.clone(), "");
        let lines: Vec<&str> = drawn.lines().collect();
        let shown = lines[3].rfind('x').expect("the line is shown");
        let end = lines[4].rfind('^').expect("the mark is shown");
        assert!(end <= shown + 1, "{span:?} {drawn}");
    }
}

#[test]
fn nothing_reaches_the_terminal_as_a_command() {
    let label = Label::at(
        "a\u{1b}[2J.sql",
        "SELECT '\u{1b}[31m\u{9b}1m'",
        0..6,
        "\u{1b}]0;x\u{7}",
    );
    let drawn = Drawing::new(Severity::Error, "a \u{1b}[2J")
        .label(&label)
        .note("database", "\u{1b}[2J\r")
        .render(Style::Plain);
    assert!(
        drawn.chars().all(|c| c == '\n' || !c.is_control()),
        "{drawn:?}"
    );
}
