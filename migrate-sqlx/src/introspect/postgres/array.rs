//! The text form of PostgreSQL's arrays (manual, 8.15.6 "Array Input and Output Syntax").

/// Reads an array of texts; NULL in it does not occur.
pub(super) fn array(text: &str) -> Vec<String> {
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .unwrap_or_default();
    let mut elements = Vec::new();
    if inner.is_empty() {
        return elements;
    }
    let mut element = String::new();
    let mut quoted = false;
    let mut signs = inner.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => element.extend(signs.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => elements.push(std::mem::take(&mut element)),
            sign => element.push(sign),
        }
    }
    elements.push(element);
    elements
}

#[cfg(test)]
mod tests {
    use super::array;

    #[test]
    fn elements_come_as_they_are() {
        for (text, elements) in [
            ("{}", &[] as &[&str]),
            ("{a,b}", &["a", "b"]),
            (
                r#"{"a b","c,d","e\"f","g\\h","{",""}"#,
                &["a b", "c,d", "e\"f", "g\\h", "{", ""],
            ),
        ] {
            assert_eq!(array(text), elements, "{text}");
        }
    }
}
